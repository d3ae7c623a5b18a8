package clusters

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi-eks/sdk/v3/go/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/iampolicy"
	"burrow/internal/plan"
)

// apiDocument is the name of the document by which operators start sessions.
func (b *eksBuilder) apiDocument() string { return b.clusterName() + "-api" }

// access makes the way to the private API, unless everybody is where a route leads to it:
// a document that forwards to this cluster's endpoint and nowhere else, and the policy
// that lets operators use it. AWS's own document for remote hosts lets its user choose any
// host that a node reaches, and IAM has no key for that.
func (b *eksBuilder) access(cluster *eks.Cluster) error {
	if b.args.Access != plan.AccessSSM {
		return nil
	}
	content := cluster.EksCluster.Endpoint().ApplyT(sessionDocument).(pulumi.StringOutput)
	_, err := ssm.NewDocument(b.ctx, b.name+"-api-document", &ssm.DocumentArgs{
		Name:           pulumi.String(b.apiDocument()),
		DocumentType:   pulumi.String("Session"),
		DocumentFormat: pulumi.String("JSON"),
		Content:        content,
		Tags:           b.tags(b.apiDocument()),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("session document: %w", err)
	}
	text, err := operatorPolicy(b.args.Network.AccountID, b.args.Network.Region, b.clusterName(), b.apiDocument())
	if err != nil {
		return fmt.Errorf("operators' policy: %w", err)
	}
	name := b.args.Estate.Name("burrow-operators")
	policy, err := iam.NewPolicy(b.ctx, b.name+"-operators", &iam.PolicyArgs{
		Name:        pulumi.String(name),
		Description: pulumi.String("Reach the API of " + b.clusterName() + " by Session Manager, and nothing else."),
		Policy:      pulumi.String(text),
		Tags:        b.tags(name),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("operators' policy: %w", err)
	}
	b.out.OperatorPolicyARN = policy.Arn
	return nil
}

// sessionDocument forwards to the host of a cluster's endpoint. Host and port are fixed:
// it has no parameters. Source: docs.aws.amazon.com/systems-manager/latest/userguide/
// session-manager-schema.html.
func sessionDocument(endpoint string) (string, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Hostname() == "" {
		return "", fmt.Errorf("the endpoint %q has no host", endpoint)
	}
	text, err := json.Marshal(map[string]any{
		"schemaVersion": "1.0",
		"description":   "Forwards to the Kubernetes API at " + u.Hostname() + " and nowhere else.",
		"sessionType":   "Port",
		"properties":    map[string]string{"type": "LocalPortForwarding", "host": u.Hostname(), "portNumber": strconv.Itoa(httpsPort)},
	})
	return string(text), err
}

// operatorPolicy lets its holder list nodes, start sessions with the one document on the
// cluster's nodes, and resume and end sessions of their own.
//
// SessionDocumentAccessCheck makes SSM ask for a right to the document also where none is
// named: without it the account's default document, which opens a shell, stays open
// (SSM-03). EKS puts the tag on instances of managed node groups. A session carries the id
// of who started it in its own name and in a tag. Sources: docs.aws.amazon.com/
// systems-manager/latest/userguide/getting-started-sessiondocumentaccesscheck.html and
// getting-started-restrict-access-examples.html.
func operatorPolicy(account, region, cluster, document string) (string, error) {
	arn := func(service, resource string) string {
		return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, region, account, resource)
	}
	checked := map[string]string{"ssm:SessionDocumentAccessCheck": "true"}
	return iampolicy.Document(
		iampolicy.Statement{Sid: "FindNodes", Action: []string{"ssm:DescribeInstanceInformation"}, Resource: []string{"*"}},
		iampolicy.Statement{
			Sid: "OnTheClustersNodes", Action: []string{"ssm:StartSession"}, Resource: []string{arn("ec2", "instance/*")},
			Condition: map[string]map[string]string{
				"StringEquals": {"ssm:resourceTag/eks:cluster-name": cluster}, "BoolIfExists": checked,
			},
		},
		iampolicy.Statement{
			Sid: "WithTheClustersDocument", Action: []string{"ssm:StartSession"}, Resource: []string{arn("ssm", "document/"+document)},
			Condition: map[string]map[string]string{"BoolIfExists": checked},
		},
		iampolicy.Statement{
			Sid: "OwnSessions", Action: []string{"ssm:ResumeSession", "ssm:TerminateSession"}, Resource: []string{arn("ssm", "session/*")},
			Condition: map[string]map[string]string{"StringLike": {"ssm:resourceTag/aws:ssmmessages:session-id": "${aws:userid}"}},
		},
		iampolicy.Statement{Sid: "OwnDataChannels", Action: []string{"ssmmessages:OpenDataChannel"}, Resource: []string{arn("ssm", "session/${aws:userid}-*")}},
	)
}
