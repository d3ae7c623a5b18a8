package eks

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/inventory/awstype"
)

// partition is what names of AWS things begin and end with: "aws" and
// "amazonaws.com", except in China and for governments.
type partition struct {
	Name      string `pulumi:"partition"`
	DNSSuffix string `pulumi:"dnsSuffix"`
}

func (c *cluster) findPartition() error {
	err := c.ctx.Invoke("aws:index/getPartition:getPartition", pulumi.Map{}, &c.partition,
		pulumi.Parent(c), pulumi.Version(awsVersion))
	if err != nil {
		return fmt.Errorf("ask for the partition: %w", err)
	}
	return nil
}

// makeRole makes the role that the control plane acts as, unless one was given.
func (c *cluster) makeRole() error {
	if c.given.has("serviceRole") {
		c.role = &iamRole{}
		return c.readReference("serviceRole", c.role)
	}
	const policy = "AmazonEKSClusterPolicy"
	return c.makeServiceRole(serviceRole{
		name:        c.name + "-eksRole",
		service:     "eks." + c.partition.DNSSuffix,
		description: "Allows EKS to manage clusters on your behalf.",
		actions:     []string{"sts:AssumeRole", "sts:TagSession"},
		policies: []managedPolicy{{
			id:  "arn:aws:iam::aws:policy/" + policy,
			arn: fmt.Sprintf("arn:%s:iam::aws:policy/%s", c.partition.Name, policy),
		}},
	})
}

// A serviceRole is the arguments of the component eks:index:ServiceRole.
type serviceRole struct {
	name, service, description string
	actions                    []string
	policies                   []managedPolicy
}

// A managedPolicy is one of AWS's own; its id is the same in every partition.
type managedPolicy struct{ id, arn string }

// makeServiceRole registers the component that is a role and its policies.
func (c *cluster) makeServiceRole(r serviceRole) error {
	parent := &component{}
	policies := pulumi.Array{}
	for _, p := range r.policies {
		policies = append(policies, pulumi.Map{"id": pulumi.String(p.id), "arn": pulumi.String(p.arn)})
	}
	err := c.ctx.RegisterComponentResourceV2("eks:index:ServiceRole", r.name, present(pulumi.Map{
		"service": pulumi.String(r.service), "description": pulumi.String(r.description), "tags": c.args.Tags,
		"assumeRoleActions": pulumi.ToStringArray(r.actions), "managedPolicyArns": policies,
	}), parent, pulumi.Parent(c))
	if err != nil {
		return fmt.Errorf("register %s: %w", r.name, err)
	}
	if err := c.makeRoleBelow(parent, r); err != nil {
		return err
	}
	reference := refer(c.role)
	return c.ctx.RegisterResourceOutputs(parent, pulumi.Map{"directRole": reference, "resolvedRole": reference})
}

func (c *cluster) makeRoleBelow(parent pulumi.Resource, r serviceRole) error {
	trust, err := r.trustPolicy()
	if err != nil {
		return err
	}
	c.role = &iamRole{}
	err = add(c.ctx, parent, child{typ: awstype.Role, name: r.name + "-role", props: pulumi.Map{
		"description": pulumi.String(r.description), "assumeRolePolicy": pulumi.String(trust), "tags": c.args.Tags,
	}}, c.role)
	c.attachments = []pulumi.Resource{c.role}
	for _, p := range r.policies {
		attachment := &thing{}
		if err == nil {
			err = add(c.ctx, parent, child{
				typ: awstype.RolePolicyAttachment, name: r.name + "-" + shortHash(p.id),
				props: pulumi.Map{"policyArn": pulumi.String(p.arn), "role": refer(c.role)},
			}, attachment)
		}
		c.attachments = append(c.attachments, attachment)
	}
	return err
}

// trustPolicy says who may take the role, with the keys in the order in which
// the real component writes them.
func (r serviceRole) trustPolicy() (string, error) {
	type statement struct {
		Action    []string
		Effect    string
		Principal struct{ Service []string }
	}
	s := statement{Action: r.actions, Effect: "Allow"}
	s.Principal.Service = []string{r.service}
	text, err := json.Marshal(struct {
		Version   string
		Statement []statement
	}{"2012-10-17", []statement{s}})
	if err != nil {
		return "", fmt.Errorf("write the trust policy: %w", err)
	}
	return string(text), nil
}

// shortHash ends the name of an attachment.
func shortHash(s string) string {
	sum := sha1.Sum([]byte(s))
	return hex.EncodeToString(sum[:])[:8]
}
