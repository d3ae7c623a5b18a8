package kubelogin

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	// tokenLife is how long a token is used. EKS takes one for 15 minutes after it was
	// signed; client-go needs a little of that to ask for the next. Source:
	// kubernetes-sigs/aws-iam-authenticator pkg/token/token.go.
	tokenLife = 14 * time.Minute
	// presignedLife is the time in which the URL itself may be used, which EKS wants to
	// be short.
	presignedLife = "60"
	tokenPrefix   = "k8s-aws-v1."
	// findCredentials is how long the whole chain of credentials may take: the last of
	// them asks a machine's metadata, which is not there on a laptop.
	findCredentials = 10 * time.Second
	// keysEnd says until when the keys of the environment are good.
	keysEnd = "AWS_CREDENTIAL_EXPIRATION"
)

// EKS logs in to an EKS cluster as whoever the AWS SDK finds: environment, profiles of the
// shared files, SSO, web identity, containers, the machine's role.
type EKS struct{ Cluster, Region string }

// Credential logs in, and signs a token.
func (e EKS) Credential(ctx context.Context) (Credential, error) {
	login, err := e.Login(ctx)
	if err != nil {
		return Credential{}, err
	}
	return login.Token(time.Now())
}

// A Login is who was found.
type Login struct {
	Config aws.Config // for other services of the cluster's region
	Keys   aws.Credentials

	cluster string
}

// Login finds somebody whose keys have not ended.
func (e EKS) Login(ctx context.Context) (Login, error) {
	ctx, cancel := context.WithTimeout(ctx, findCredentials)
	defer cancel()
	found, err := config.LoadDefaultConfig(ctx, config.WithRegion(e.Region))
	if err != nil {
		return Login{}, awsFailure(fmt.Errorf("read the AWS configuration: %w", err))
	}
	keys, err := found.Credentials.Retrieve(ctx)
	if err != nil {
		return Login{}, awsFailure(err)
	}
	// The SDK for Go passes over what boto3 heeds and aws configure export-credentials writes.
	if ends := os.Getenv(keysEnd); ends != "" && keys.Source == config.CredentialsSourceName {
		keys.CanExpire = true
		if keys.Expires, err = time.Parse(time.RFC3339, ends); err != nil {
			return Login{}, fail(BadSetting, fmt.Errorf("%s: %w", keysEnd, err))
		}
	}
	login := Login{found, keys, e.Cluster}
	return login, login.ended(time.Now())
}

// ended is an error from when the keys are good no more. Signing would still work, and the
// cluster would say no more than Unauthorized.
func (l Login) ended(now time.Time) error {
	if l.Keys.CanExpire && !now.Before(l.Keys.Expires) {
		return fail(LoginEnded, fmt.Errorf("the keys of %s were good until %v", l.Keys.Source, l.Keys.Expires.UTC().Format(time.RFC3339)))
	}
	return nil
}

// Token signs a token. It is a request to STS that says who signs: nothing is asked of STS
// here, and the cluster asks it once.
func (l Login) Token(now time.Time) (Credential, error) {
	if err := l.ended(now); err != nil {
		return Credential{}, err
	}
	// The cluster refuses a host that is not its partition's own, so no endpoint that is set
	// for this machine's calls may come in here. It takes those for FIPS and dual stack as
	// well, but most regions have none for FIPS, and it is the cluster that calls.
	// Source: kubernetes-sigs/aws-iam-authenticator 81b1dab pkg/token/token.go, verifyHost.
	host, err := sts.NewDefaultEndpointResolverV2().ResolveEndpoint(context.Background(), sts.EndpointParameters{Region: &l.Config.Region}.WithDefaults())
	if err != nil {
		return Credential{}, fmt.Errorf("find STS of %s: %w", l.Config.Region, err)
	}
	request, err := http.NewRequest(http.MethodGet, host.URI.String()+"/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Expires="+presignedLife, nil)
	if err != nil {
		return Credential{}, fmt.Errorf("ask STS of %s: %w", l.Config.Region, err)
	}
	request.Header.Set("x-k8s-aws-id", l.cluster)
	nothing := fmt.Sprintf("%x", sha256.Sum256(nil))
	signed, _, err := v4.NewSigner().PresignHTTP(context.Background(), l.Keys, request, nothing, "sts", l.Config.Region, now)
	if err != nil {
		return Credential{}, fmt.Errorf("sign a token for %s: %w", l.cluster, err)
	}
	credential := Credential{tokenPrefix + base64.RawURLEncoding.EncodeToString([]byte(signed)), now.Add(tokenLife)}
	if l.Keys.CanExpire {
		credential = credential.Within(l.Keys.Expires)
	}
	return credential, nil
}

// awsFailure says how no credentials were found.
func awsFailure(err error) error {
	var (
		mfa    config.AssumeRoleTokenProviderNotSetError
		unsent *smithyhttp.RequestSendError
		noSSO  *ssocreds.InvalidTokenError
		api    smithy.APIError
	)
	switch {
	case strings.Contains(err.Error(), "EC2 IMDS"): // the end of the chain: nothing else had any
		return fail(NoCredentials, errors.New("the environment, the profiles and the machine have none"))
	case errors.As(err, &mfa):
		return fail(NeedsPerson, err)
	case errors.As(err, &unsent), errors.Is(err, context.DeadlineExceeded):
		return fail(Unreachable, err)
	case errors.As(err, &noSSO), strings.Contains(err.Error(), "cached SSO token"): // which is missing, has ended or is not renewed
		return fail(LoginEnded, err)
	case errors.As(err, &api) && (strings.Contains(api.ErrorCode(), "Expired") || api.ErrorCode() == "UnauthorizedException"):
		return fail(LoginEnded, err)
	case errors.As(err, &api):
		return fail(Denied, err)
	}
	return fail(NoCredentials, err)
}
