package iam

import (
	"slices"
	"strings"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

// serviceActions are what a service does with a key, by the first part of its
// name. Source: awsdocs encrypt-log-data-kms.md, sns-key-management.md.
var serviceActions = map[string][]string{
	"logs":       {"kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"},
	"cloudwatch": {"kms:Decrypt", "kms:GenerateDataKey"}, // publishing to an encrypted topic
}

// ServiceMayUse reports whether a key's policy lets a service do all that it does
// with a key. A service asks in its own name for something of the account: on
// says what, encryption is the context that it encrypts with.
func ServiceMayUse(key *inventory.Object, service, on string, encryption map[string]string) bool {
	d, err := Read(key.Out, "policy")
	if err != nil {
		return false
	}
	facts := map[string]string{
		"aws:sourceaccount": Account(key.Out.Str("arn")), "aws:sourcearn": on, "aws:principalservicename": service,
		"aws:principalisawsservice": "true",
		// A service that asks in its own name asks through no other.
		"kms:viaservice": "",
	}
	for name, value := range encryption {
		facts["kms:encryptioncontext:"+name] = value
	}
	first, _, _ := strings.Cut(service, ".")
	for _, action := range serviceActions[first] {
		if !d.Permits(Request{"Service", service, action, key.Out.Str("arn"), facts}) {
			return false
		}
	}
	return true
}

// KeyNamed finds the key by id, ARN, alias or ARN of an alias. AWS's own keys are
// not there.
func KeyNamed(view inventory.View, name string) *inventory.Object {
	if name == "" {
		return nil
	}
	if o := view.Get(awstype.Key, name); o != nil {
		return o
	}
	if o := view.Find(awstype.Key, "arn", name); o != nil {
		return o
	}
	alias := view.Get(awstype.Alias, name)
	if alias == nil {
		alias = view.Find(awstype.Alias, "arn", name)
	}
	if alias == nil {
		return nil
	}
	return view.Find(awstype.Key, "arn", alias.Value("targetKeyArn"))
}

// KeyLets reports whether a key's policy lets somebody of its account do something
// with it: by naming them, or by leaving it to the account's IAM, where byIAM says that
// this allows it. Kind and Resource of the request are filled in.
func KeyLets(key *inventory.Object, r Request, byIAM bool) bool {
	d, err := Read(key.Out, "policy")
	r.Kind, r.Resource = "AWS", key.Out.Str("arn")
	if err != nil || d.denies(r) {
		return false
	}
	account := Account(r.Resource)
	return d.Permits(r) || byIAM && slices.ContainsFunc([]string{"arn:aws:iam::" + account + ":root", account}, func(who string) bool {
		left := r
		left.Principal = who
		return d.Permits(left)
	})
}
