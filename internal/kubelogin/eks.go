package kubelogin

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
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
	// findCredentials is how long the whole chain of credentials may take where nobody is
	// asked: the last of them asks a machine's metadata, which is not there on a laptop.
	findCredentials = 10 * time.Second
)

// EKS logs in to an EKS cluster as whoever the AWS SDK finds: environment, profiles of the
// shared files, SSO, web identity, containers, the machine's role.
type EKS struct {
	Cluster, Region string
	// Interactive says that somebody can be asked for the code of an MFA device.
	Interactive bool
	// Now is the clock; nil is the machine's.
	Now func() time.Time
}

// An AWSLogin is who was found.
type AWSLogin struct {
	Keys   aws.Credentials
	Config aws.Config // of the cluster's region; gives the keys, and newer ones later
	eks    EKS
}

func (e EKS) now() time.Time {
	if e.Now != nil {
		return e.Now()
	}
	return time.Now()
}

// Login finds who logs in.
func (e EKS) Login(ctx context.Context) (AWSLogin, error) {
	if !e.Interactive {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, findCredentials)
		defer cancel()
	}
	found, err := config.LoadDefaultConfig(ctx, config.WithRegion(e.Region), config.WithAssumeRoleCredentialOptions(func(o *stscreds.AssumeRoleOptions) {
		if e.Interactive {
			o.TokenProvider = askForCode
		}
	}))
	needsCode := config.AssumeRoleTokenProviderNotSetError{}
	if errors.As(err, &needsCode) {
		return AWSLogin{}, fail(NeedsPerson, fmt.Errorf("the role wants the code of an MFA device: %w", err))
	}
	if err != nil {
		return AWSLogin{}, fail(NoCredentials, fmt.Errorf("read the AWS configuration: %w", err))
	}
	keys, err := found.Credentials.Retrieve(ctx)
	if err != nil {
		return AWSLogin{}, awsFailure(err)
	}
	if until, err := time.Parse(time.RFC3339, os.Getenv("AWS_CREDENTIAL_EXPIRATION")); err == nil && keys.Source == config.CredentialsSourceName {
		keys.CanExpire, keys.Expires = true, until // which the SDK does not read
	}
	if keys.CanExpire && !keys.Expires.After(e.now()) {
		return AWSLogin{}, fail(LoginEnded, fmt.Errorf("the credentials of %s ended at %s", keys.Source, keys.Expires.Format(time.RFC3339)))
	}
	return AWSLogin{keys, found, e}, nil
}

// Credential signs a token. The token is a request to STS that says who signs: nothing is
// asked of STS here, and the cluster asks it once. It takes the region's own host alone:
// none of another endpoint, FIPS or dual-stack. Source: kubernetes-sigs/
// aws-iam-authenticator pkg/token/token.go, verifyHost.
func (l AWSLogin) Credential(ctx context.Context) (Credential, error) {
	e, at := l.eks, l.eks.now()
	endpoint, err := sts.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, sts.EndpointParameters{Region: &e.Region})
	if err != nil {
		return Credential{}, fmt.Errorf("find STS of %s: %w", e.Region, err)
	}
	client := sts.NewPresignClient(sts.NewFromConfig(l.Config, func(o *sts.Options) {
		o.BaseEndpoint = aws.String(endpoint.URI.String())
		o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateDisabled
		o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateDisabled
		o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return l.Keys, nil })
	}))
	request, err := client.PresignGetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}, func(o *sts.PresignOptions) {
		o.Presigner = signerAt{at}
		o.ClientOptions = append(o.ClientOptions, func(o *sts.Options) {
			o.APIOptions = append(o.APIOptions,
				smithyhttp.SetHeaderValue("x-k8s-aws-id", e.Cluster), smithyhttp.SetHeaderValue("X-Amz-Expires", presignedLife))
		})
	})
	if err != nil {
		return Credential{}, fmt.Errorf("sign a token for %s: %w", e.Cluster, err)
	}
	until := at.Add(tokenLife)
	if l.Keys.CanExpire && l.Keys.Expires.Before(until) {
		until = l.Keys.Expires
	}
	return Credential{tokenPrefix + base64.RawURLEncoding.EncodeToString([]byte(request.URL)), until}, nil
}

// Credential finds who logs in, and signs a token.
func (e EKS) Credential(ctx context.Context) (Credential, error) {
	l, err := e.Login(ctx)
	if err != nil {
		return Credential{}, err
	}
	return l.Credential(ctx)
}

// askForCode asks for the code of an MFA device; not by the SDK's own way, which writes to
// standard output, the credential's.
func askForCode() (string, error) {
	fmt.Fprint(os.Stderr, "Code of the MFA device: ")
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("read the code: %w", err)
	}
	return strings.TrimSpace(line), nil
}

// signerAt signs at a time that is given.
type signerAt struct{ at time.Time }

func (s signerAt) PresignHTTP(
	ctx context.Context, keys aws.Credentials, r *http.Request, hash, service, region string, _ time.Time, options ...func(*v4.SignerOptions),
) (string, http.Header, error) {
	return v4.NewSigner().PresignHTTP(ctx, keys, r, hash, service, region, s.at, options...)
}

// awsFailure says how no credentials were found.
func awsFailure(err error) error {
	ended := &ssocreds.InvalidTokenError{}
	api := smithy.APIError(nil)
	network := &net.OpError{}
	switch {
	case errors.As(err, &ended), strings.Contains(err.Error(), "SSO token"):
		return fail(LoginEnded, err)
	case errors.As(err, &api) && (strings.Contains(api.ErrorCode(), "Expired") || api.ErrorCode() == "UnauthorizedException" || api.ErrorCode() == "InvalidGrantException"):
		return fail(LoginEnded, err)
	case errors.As(err, &api):
		return fail(Denied, err)
	case strings.Contains(err.Error(), "EC2 IMDS"): // the end of the chain: nothing else had any
		return fail(NoCredentials, errors.New("the environment, the profiles and the machine have none"))
	case errors.As(err, &network):
		return fail(Unreachable, err)
	}
	return fail(NoCredentials, err)
}
