package iam

import (
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

// ManagedPrefix is how ARNs of the policies begin that AWS manages.
const ManagedPrefix = "arn:aws:iam::aws:policy/"

// AttachedPolicies are the ARNs of a role's managed policies, by the role's name.
func AttachedPolicies(view inventory.View, role string) []string {
	var arns []string
	if o := view.Get(awstype.Role, role); o != nil {
		arns = o.In.Strings("managedPolicyArns")
	}
	for _, o := range view.All(awstype.RolePolicyAttachment) {
		if o.Value("role") == role {
			arns = append(arns, o.Value("policyArn"))
		}
	}
	return arns
}

// RoleMay reports whether a role's own policies, put together, allow it an action on
// something, by the role's name. What AWS's managed policies say is not known, so they allow
// nothing here.
func RoleMay(view inventory.View, role, action, resource string) bool {
	return RoleDocument(view, role).Permits(Request{Action: action, Resource: resource})
}

// RoleIsDenied reports whether one of a role's own policies denies it an action on
// something, which no other policy can allow then.
func RoleIsDenied(view inventory.View, role, action, resource string) bool {
	return RoleDocument(view, role).denies(Request{Action: action, Resource: resource})
}

// RoleDocument has the statements of all of a role's own policies that can be read. Source:
// IAM guide, reference_policies_evaluation-logic.md.
func RoleDocument(view inventory.View, role string) (all Document) {
	for _, in := range rolePolicies(view, role) {
		if d, err := Read(in, "policy"); err == nil {
			all.Statement = append(all.Statement, d.Statement...)
		}
	}
	return all
}

// rolePolicies are the things whose "policy" is one of the role's.
func rolePolicies(view inventory.View, role string) []inventory.Props {
	var list []inventory.Props
	if o := view.Get(awstype.Role, role); o != nil {
		list = o.In.Maps("inlinePolicies[*]")
	}
	for _, o := range view.All(awstype.RolePolicy) {
		if o.Value("role") == role {
			list = append(list, o.In)
		}
	}
	for _, arn := range AttachedPolicies(view, role) {
		if o := view.Find(awstype.Policy, "arn", arn); o != nil {
			list = append(list, o.In)
		}
	}
	return list
}
