package kubelogin

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
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
)

// EKS logs in to an EKS cluster as whoever the AWS SDK finds: environment, profiles of the
// shared files, SSO, web identity, containers, the machine's role.
type EKS struct {
	Cluster, Region string
	// Now is the clock; nil is the machine's.
	Now func() time.Time
}

// Credential signs a token. The token is a request to STS that says who signs: nothing is
// asked of STS here, and the cluster asks it once.
func (e EKS) Credential(ctx context.Context) (Credential, error) {
	now := time.Now
	if e.Now != nil {
		now = e.Now
	}
	ctx, cancel := context.WithTimeout(ctx, findCredentials)
	defer cancel()
	found, err := config.LoadDefaultConfig(ctx, config.WithRegion(e.Region))
	if err != nil {
		return Credential{}, fail(NoCredentials, fmt.Errorf("read the AWS configuration: %w", err))
	}
	keys, err := found.Credentials.Retrieve(ctx)
	if err != nil {
		return Credential{}, awsFailure(err)
	}
	at := now()
	client := sts.NewPresignClient(sts.NewFromConfig(found))
	request, err := client.PresignGetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}, func(o *sts.PresignOptions) {
		o.Presigner = signerAt{at}
		o.ClientOptions = append(o.ClientOptions, func(o *sts.Options) {
			o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return keys, nil })
			o.APIOptions = append(o.APIOptions,
				smithyhttp.SetHeaderValue("x-k8s-aws-id", e.Cluster), smithyhttp.SetHeaderValue("X-Amz-Expires", presignedLife))
		})
	})
	if err != nil {
		return Credential{}, fmt.Errorf("sign a token for %s: %w", e.Cluster, err)
	}
	until := at.Add(tokenLife)
	if keys.CanExpire && keys.Expires.Before(until) {
		until = keys.Expires
	}
	return Credential{tokenPrefix + base64.RawURLEncoding.EncodeToString([]byte(request.URL)), until}, nil
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
	case errors.As(err, &ended), strings.Contains(err.Error(), "SSO token") && errors.Is(err, fs.ErrNotExist):
		return fail(LoginEnded, err)
	case errors.As(err, &api) && (strings.Contains(api.ErrorCode(), "Expired") || api.ErrorCode() == "UnauthorizedException"):
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
