package aws

import (
	"bufio"
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"burrow/internal/emulator"
	"burrow/internal/iam"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

// iamKinds are roles, policies and what joins them.
func iamKinds() []*emulator.Kind {
	return []*emulator.Kind{role(), policy(), rolePolicy(), rolePolicyAttachment(), instanceProfile()}
}

const (
	maxRoleName   = 64
	maxPolicyName = 128
)

var iamName = regexp.MustCompile(`^[0-9A-Za-z+=,.@_-]+$`)

// nameRule is the provider's check of an IAM name.
func nameRule(most int, source string) emulator.Rule {
	return provider("IAM-01", "name", source, func(c *emulator.Call) string {
		name := c.In.Str("name")
		switch {
		case name == "":
			return ""
		case len(name) > most:
			return fmt.Sprintf("expected length of name to be in the range (1 - %d), got %s", most, name)
		case !iamName.MatchString(name):
			return "invalid value for name (must match [\\w+=,.@-])"
		}
		return ""
	})
}

func role() *emulator.Kind {
	const source = "iam/role.go"
	return tagged(iamTags, &emulator.Kind{
		Type:     awstype.Role,
		Words:    named(words("IAM", "IAM Role", "CreateRole", "UpdateRole", "DeleteRole", "GetRole")),
		Global:   true,
		AutoName: &emulator.AutoName{Property: "name", Max: maxRoleName},
		NewID:    property("name"),
		Refs:     []emulator.Ref{managedPolicyRef("managedPolicyArns[*]", "DeleteConflict"), managedPolicyRef("permissionsBoundary", "")},
		Unique: []emulator.Unique{
			{Fields: []string{"@account", "name"}, Code: "EntityAlreadyExists", Source: moto("iam/models.py")},
		},
		Replace: forceNew(source, "name", "namePrefix", "path"),
		Rules: []emulator.Rule{
			nameRule(maxRoleName, terraform(source)),
			invalidJSON("IAM-03", "assumeRolePolicy", terraform(source)),
			within("IAM-01", "maxSessionDuration", terraform(source), 3600, 43200),
			provider("IAM-01", "description", terraform(source), func(c *emulator.Call) string {
				if n := len(c.In.Str("description")); n > 1000 {
					return fmt.Sprintf("expected length of description to be in the range (0 - 1000), got %d", n)
				}
				return ""
			}),
			refuse("IAM-03", "MalformedPolicyDocument", emulator.OpWrite, moto("iam/policy_validation.py"), grammar("assumeRolePolicy", true)),
		},
		Fill:    fillRole,
		Refresh: refreshRole,
	})
}

func fillRole(c *emulator.Call) error {
	defaults(c, inventory.Props{
		"path": "/", "maxSessionDuration": 3600, "forceDetachPolicies": false,
		"createDate": moment(c, "created"), "uniqueId": "AROA" + letters(c.HexOf("unique", 40), base32Alphabet, 17),
	})
	c.Out.Default("arn", global(c, "iam", "role"+c.Out.Str("path")+c.In.Str("name")))
	return nil
}

// refreshRole shows what attachments of their own have added: outputs that grow.
func refreshRole(c *emulator.Call) error {
	arns := iam.AttachedPolicies(c.Tx.View, c.ID)
	slices.Sort(arns)
	c.Out.Set("managedPolicyArns", slices.Compact(arns))
	var inline []any
	for _, o := range where(c, awstype.RolePolicy, "role", c.ID) {
		inline = append(inline, map[string]any{"name": o.Value("name"), "policy": o.Value("policy")})
	}
	c.Out.Set("inlinePolicies", inline)
	return nil
}

// managedPolicyRef refers to a policy by ARN: one of the account's own, or one
// that AWS manages.
func managedPolicyRef(path, inUse string) emulator.Ref {
	return emulator.Ref{
		Path: path, To: []string{awstype.Policy}, By: "arn", Missing: "NoSuchEntity", InUse: inUse,
		Foreign: isManagedByAWS, Source: moto("iam/models.py"),
	}
}

//go:embed managed_policies.txt
var managedPolicyList string

// managedPolicies are the policies that AWS manages, by the part of the ARN
// after policy/. The list is the ManagedPolicy enum of the pulumi-aws 6.83.4 SDK,
// and the policies newer than that which EKS documents for nodes, clusters and the EBS driver.
var managedPolicies = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{}
	lines := bufio.NewScanner(strings.NewReader(managedPolicyList))
	for lines.Scan() {
		names[lines.Text()] = true
	}
	return names
})

func isManagedByAWS(arn string) bool {
	name, ours := strings.CutPrefix(arn, "arn:aws:iam::aws:policy/")
	return ours && managedPolicies()[name]
}

func policy() *emulator.Kind {
	const source = "iam/policy.go"
	return tagged(iamTags, &emulator.Kind{
		Type:     awstype.Policy,
		Words:    named(words("IAM", "IAM Policy", "CreatePolicy", "CreatePolicyVersion", "DeletePolicy", "GetPolicy")),
		Global:   true,
		AutoName: &emulator.AutoName{Property: "name", Max: maxPolicyName},
		NewID: func(c *emulator.Call) (string, error) {
			return global(c, "iam", "policy"+c.In.StrOr("path", "/")+c.In.Str("name")), nil
		},
		Unique: []emulator.Unique{
			{Fields: []string{"@account", "name"}, Code: "EntityAlreadyExists", Source: moto("iam/models.py")},
		},
		Replace: forceNew(source, "name", "namePrefix", "path", "description"),
		Rules: []emulator.Rule{
			nameRule(maxPolicyName, terraform(source)),
			invalidJSON("IAM-03", "policy", terraform(source)),
			refuse("IAM-03", "MalformedPolicyDocument", emulator.OpWrite, moto("iam/policy_validation.py"), grammar("policy", false)),
		},
		Fill: func(c *emulator.Call) error {
			defaults(c, inventory.Props{
				"arn": c.ID, "path": "/", "attachmentCount": 0,
				"policyId": "ANPA" + letters(c.HexOf("unique", 40), base32Alphabet, 17),
			})
			return nil
		},
		Refresh: func(c *emulator.Call) error {
			c.Out.Set("attachmentCount", len(where(c, awstype.RolePolicyAttachment, "policyArn", c.ID)))
			return nil
		},
	})
}

// roleRef refers to a role by name. IAM keeps a role while anything hangs on it.
func roleRef() emulator.Ref {
	return refersTo("role", "NoSuchEntity", "DeleteConflict", moto("iam/models.py"), awstype.Role)
}

func rolePolicy() *emulator.Kind {
	const source = "iam/role_policy.go"
	return &emulator.Kind{
		Type:     awstype.RolePolicy,
		Words:    named(words("IAM", "IAM Role Policy", "PutRolePolicy", "PutRolePolicy", "DeleteRolePolicy", "GetRolePolicy")),
		Global:   true,
		AutoName: &emulator.AutoName{Property: "name", Max: maxPolicyName},
		NewID:    joined(":", "role", "name"),
		Refs:     []emulator.Ref{roleRef()},
		Replace:  forceNew(source, "name", "namePrefix", "role"),
		Rules: []emulator.Rule{
			nameRule(maxPolicyName, terraform(source)),
			invalidJSON("IAM-03", "policy", terraform(source)),
			refuse("IAM-03", "MalformedPolicyDocument", emulator.OpWrite, moto("iam/policy_validation.py"), grammar("policy", false)),
		},
	}
}

func rolePolicyAttachment() *emulator.Kind {
	const source = "iam/role_policy_attachment.go"
	return &emulator.Kind{
		Type:    awstype.RolePolicyAttachment,
		Words:   named(words("IAM", "IAM Role Policy Attachment", "AttachRolePolicy", "AttachRolePolicy", "DetachRolePolicy", "ListAttachedRolePolicies")),
		Global:  true,
		NewID:   stamped("role"),
		Refs:    []emulator.Ref{roleRef(), managedPolicyRef("policyArn", "DeleteConflict")},
		Replace: forceNew(source, "role", "policyArn"),
	}
}

func instanceProfile() *emulator.Kind {
	const source = "iam/instance_profile.go"
	return tagged(iamTags, &emulator.Kind{
		Type:     awstype.InstanceProfile,
		Words:    named(words("IAM", "IAM Instance Profile", "CreateInstanceProfile", "AddRoleToInstanceProfile", "DeleteInstanceProfile", "GetInstanceProfile")),
		Global:   true,
		AutoName: &emulator.AutoName{Property: "name", Max: maxPolicyName},
		NewID:    property("name"),
		Refs:     []emulator.Ref{roleRef()},
		Unique: []emulator.Unique{
			{Fields: []string{"@account", "name"}, Code: "EntityAlreadyExists", Source: moto("iam/models.py")},
		},
		Replace: forceNew(source, "name", "namePrefix", "path"),
		Rules:   []emulator.Rule{nameRule(maxPolicyName, terraform(source))},
		Fill: func(c *emulator.Call) error {
			defaults(c, inventory.Props{
				"path": "/", "createDate": moment(c, "created"),
				"uniqueId": "AIPA" + letters(c.HexOf("unique", 40), base32Alphabet, 17),
			})
			c.Out.Default("arn", global(c, "iam", "instance-profile"+c.Out.Str("path")+c.ID))
			return nil
		},
	})
}
