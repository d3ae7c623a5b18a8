package iam

import (
	"testing"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

// A denial counts whichever of a role's policies it stands in. Source: awsdocs IAM guide,
// reference_policies_evaluation-logic.md.
func TestRoleMay(t *testing.T) {
	policy := func(effect, action string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `","Action":"` + action + `","Resource":"*"}]}`
	}
	attached := func(id string) *inventory.Object {
		return &inventory.Object{Type: awstype.RolePolicyAttachment, ID: id, Out: inventory.Props{"role": "nodes", "policyArn": id}}
	}
	view := inventory.View{Source: inventory.NewList(
		&inventory.Object{Type: awstype.Role, ID: "nodes", In: inventory.Props{
			"inlinePolicies": []any{map[string]any{"name": "own", "policy": policy("Allow", "ec2:*")}},
		}},
		&inventory.Object{Type: awstype.RolePolicy, ID: "shut", In: inventory.Props{"policy": policy("Deny", "ec2:Assign*")}, Out: inventory.Props{"role": "nodes"}},
		&inventory.Object{Type: awstype.RolePolicy, ID: "other", In: inventory.Props{"policy": policy("Deny", "ec2:DescribeVpcs")}, Out: inventory.Props{"role": "others"}},
		&inventory.Object{Type: awstype.Policy, ID: "p", In: inventory.Props{"policy": policy("Allow", "sqs:*")}, Out: inventory.Props{"arn": "p"}},
		attached("p"), attached(ManagedPrefix+"AmazonEKS_CNI_Policy"),
	)}
	for action, want := range map[string]struct{ may, not bool }{
		"ec2:DescribeInstances":        {true, false},
		"ec2:DescribeVpcs":             {true, false},
		"ec2:AssignPrivateIpAddresses": {false, true},
		"sqs:SendMessage":              {true, false},
		"s3:GetObject":                 {false, false},
	} {
		if may, not := RoleMay(view, "nodes", action, "*"), RoleMayNot(view, "nodes", action, "*"); may != want.may || not != want.not {
			t.Errorf("%s: may %v, may not %v; want %v", action, may, not, want)
		}
	}
}
