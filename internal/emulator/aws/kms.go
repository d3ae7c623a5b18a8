package aws

import (
	"fmt"
	"regexp"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/iam"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

func kmsKinds() []*emulator.Kind { return []*emulator.Kind{key(), alias()} }

const symmetric = "SYMMETRIC_DEFAULT"

// key is gone when deleted: the 7 to 30 days in which a real key could still be
// saved pass unseen. KMS deletes a key whoever uses it.
func key() *emulator.Kind {
	const source = "kms/key.go"
	return tagged(kmsTags, &emulator.Kind{
		Type:    awstype.Key,
		Words:   words("KMS", "KMS Key", "CreateKey", "PutKeyPolicy", "ScheduleKeyDeletion", "DescribeKey"),
		NewID:   func(c *emulator.Call) (string, error) { return c.UUID(), nil },
		Replace: forceNew(source, "customKeyStoreId", "customerMasterKeySpec", "keyUsage", "multiRegion", "xksKeyId"),
		Rules: []emulator.Rule{
			within("PRO-12", "deletionWindowInDays", terraform(source), 7, 30),
			within("PRO-12", "rotationPeriodInDays", terraform(source), 90, 2560),
			oneOf("PRO-12", "keyUsage", terraform(source), "ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT"),
			invalidJSON("IAM-03", "policy", terraform(source)),
			refuse("IAM-03", "MalformedPolicyDocumentException", emulator.OpWrite, model("kms"), grammar("policy", true)),
			refuse("PRO-14", "MalformedPolicyDocumentException", emulator.OpWrite, model("kms")+" CreateKey BypassPolicyLockoutSafetyCheck", lockedOut),
			refuse("PRO-14", "UnsupportedOperationException", emulator.OpWrite, model("kms")+" EnableKeyRotation", rotatesAsymmetric),
		},
		Fill: fillKey,
	})
}

// root is the principal that stands for everybody whom the account's IAM allows.
func root(c *emulator.Call) string {
	return fmt.Sprintf("arn:aws:iam::%s:root", c.Account().AWSAccount)
}

// lockedOut finds policies under which nobody could change the policy again. KMS
// counts on nothing that it cannot know, such as a second factor.
func lockedOut(c *emulator.Call) string {
	if !c.In.Has("policy") || c.In.Bool("bypassPolicyLockoutSafetyCheck") {
		return ""
	}
	d, err := iam.Read(c.In, "policy")
	if err != nil {
		return ""
	}
	account, caller := c.Account().AWSAccount, c.Account().CallerARN
	facts := map[string]string{
		"aws:principalaccount": account, "kms:calleraccount": account, "aws:principalarn": caller, "kms:viaservice": "",
	}
	for _, who := range []string{root(c), account, caller} {
		if d.PermitsSurely(iam.Request{Kind: "AWS", Principal: who, Action: "kms:PutKeyPolicy", Facts: facts}) {
			return ""
		}
	}
	return "The new key policy will not allow you to update the key policy in the future."
}

func rotatesAsymmetric(c *emulator.Call) string {
	if !c.In.Bool("enableKeyRotation") || c.In.StrOr("customerMasterKeySpec", symmetric) == symmetric {
		return ""
	}
	return "Automatic key rotation is supported for symmetric encryption keys only."
}

func fillKey(c *emulator.Call) error {
	defaults(c, inventory.Props{
		"arn": regional(c, "kms", "key/"+c.ID), "keyId": c.ID, "customerMasterKeySpec": symmetric,
		"keyUsage": "ENCRYPT_DECRYPT", "isEnabled": true, "enableKeyRotation": false, "multiRegion": false,
		"bypassPolicyLockoutSafetyCheck": false, "description": "",
		"policy": fmt.Sprintf(`{"Id":"key-default-1","Statement":[{"Action":"kms:*","Effect":"Allow","Principal":{"AWS":%q},`+
			`"Resource":"*","Sid":"Enable IAM User Permissions"}],"Version":"2012-10-17"}`, root(c)),
	})
	if c.In.Bool("enableKeyRotation") {
		defaults(c, inventory.Props{"rotationPeriodInDays": 365})
	}
	return nil
}

var aliasName = regexp.MustCompile(`^alias/[0-9A-Za-z_/-]+$`)

func alias() *emulator.Kind {
	const source = "kms/alias.go"
	return &emulator.Kind{
		Type:  awstype.Alias,
		Words: named(words("KMS", "KMS Alias", "CreateAlias", "UpdateAlias", "DeleteAlias", "ListAliases")),
		NewID: property("name"),
		Refs: []emulator.Ref{{
			Path: "targetKeyId", To: []string{awstype.Key}, Missing: "NotFoundException", Source: model("kms"),
			Foreign: func(id string) bool { return strings.HasPrefix(id, "arn:") },
		}},
		Unique: []emulator.Unique{
			{Fields: []string{"@account", "@region", "name"}, Code: "AlreadyExistsException", Source: model("kms")},
		},
		Replace: forceNew(source, "name", "namePrefix"),
		Rules: []emulator.Rule{
			provider("PRO-12", "name", terraform(source), badAlias),
			refuse("PRO-14", "NotFoundException", emulator.OpWrite, model("kms"), aliasOfNothing),
		},
		Fill: func(c *emulator.Call) error {
			target := c.In.Str("targetKeyId")
			if !strings.HasPrefix(target, "arn:") {
				target = regional(c, "kms", "key/"+target)
			}
			defaults(c, inventory.Props{"arn": regional(c, "kms", c.ID), "targetKeyArn": target})
			return nil
		},
	}
}

func badAlias(c *emulator.Call) string {
	name := c.In.Str("name")
	if name == "" || aliasName.MatchString(name) && !strings.HasPrefix(name, "alias/aws/") {
		return ""
	}
	return "name must begin with 'alias/' and be comprised of only [0-9A-Za-z_/-]; alias/aws/ is reserved"
}

// aliasOfNothing looks up keys that are named by ARN; ids are references.
func aliasOfNothing(c *emulator.Call) string {
	target := c.In.Str("targetKeyId")
	if !strings.HasPrefix(target, "arn:") || c.Tx.Find(awstype.Key, "arn", target) != nil {
		return ""
	}
	return fmt.Sprintf("Key '%s' does not exist", target)
}
