package tunnel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"burrow/internal/kubelogin"
	"burrow/internal/tunnel/session"
)

// clusterTag is the tag that EKS puts on every instance of a managed node group. Source:
// awsdocs/amazon-eks-user-guide eks-using-tags.md, tags for billing.
const clusterTag = "eks:cluster-name"

// A control is Systems Manager's API for one cluster.
type control struct {
	client *ssm.Client
	target Target
}

// nodes are the cluster's instances that SSM calls online, or what it knows of others.
func (c control) nodes(ctx context.Context) (online []string, offline int, err error) {
	pages := ssm.NewDescribeInstanceInformationPaginator(c.client, &ssm.DescribeInstanceInformationInput{
		Filters: []types.InstanceInformationStringFilter{{Key: aws.String("tag:" + clusterTag), Values: []string{c.target.Cluster}}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, 0, ssmFailure(fmt.Errorf("list the nodes of %s: %w", c.target.Cluster, err))
		}
		for _, i := range page.InstanceInformationList {
			if i.PingStatus == types.PingStatusOnline {
				online = append(online, aws.ToString(i.InstanceId))
			} else {
				offline++
			}
		}
	}
	return online, offline, nil
}

// on is the service of sessions on a node.
func (c control) on(node string) session.Service { return nodeService{c, node} }

type nodeService struct {
	control
	node string
}

func (s nodeService) Start(ctx context.Context) (session.Ticket, error) {
	got, err := s.client.StartSession(ctx, &ssm.StartSessionInput{Target: &s.node, DocumentName: &s.target.Document})
	if err != nil {
		return session.Ticket{}, ssmFailure(fmt.Errorf("start a session on %s with %s: %w", s.node, s.target.Document, err))
	}
	return session.Ticket{SessionID: aws.ToString(got.SessionId), StreamURL: aws.ToString(got.StreamUrl), Token: aws.ToString(got.TokenValue)}, nil
}

func (s nodeService) Resume(ctx context.Context, id string) (session.Ticket, error) {
	got, err := s.client.ResumeSession(ctx, &ssm.ResumeSessionInput{SessionId: &id})
	gone := &types.DoesNotExistException{}
	if errors.As(err, &gone) {
		return session.Ticket{}, nil // it has ended
	}
	if err != nil {
		return session.Ticket{}, ssmFailure(err)
	}
	return session.Ticket{SessionID: id, StreamURL: aws.ToString(got.StreamUrl), Token: aws.ToString(got.TokenValue)}, nil
}

func (s nodeService) Terminate(ctx context.Context, id string) error {
	_, err := s.client.TerminateSession(ctx, &ssm.TerminateSessionInput{SessionId: &id})
	return err
}

// ssmFailure says how SSM refused. Source: botocore data/ssm/2014-11-06/service-2.json, and
// the errors that all of AWS has.
func ssmFailure(err error) error {
	failed := &kubelogin.Failure{}
	api := smithy.APIError(nil)
	network, address := &net.OpError{}, &url.Error{}
	switch {
	case errors.As(err, &failed): // of the credentials
		return err
	case errors.As(err, &api):
		switch api.ErrorCode() {
		case "AccessDeniedException", "AccessDenied":
			return kubelogin.Fail(kubelogin.TunnelDenied, err)
		case "InvalidDocument":
			return kubelogin.Fail(kubelogin.NoDocument, err)
		case "TargetNotConnected":
			return kubelogin.Fail(kubelogin.NoNode, err)
		case "ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId":
			return kubelogin.Fail(kubelogin.LoginEnded, err)
		}
	case errors.As(err, &network), errors.As(err, &address), errors.Is(err, context.DeadlineExceeded):
		return kubelogin.Fail(kubelogin.NoSSM, err)
	}
	return kubelogin.Fail(kubelogin.NoTunnel, err)
}
