package ebs

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"burrow/internal/iam"
	"burrow/internal/inventory"
)

// ManagedKey is the ARN of the key aws/ebs, which AWS makes in every region of an account
// for volumes that name no other. It is nobody's to disable.
func ManagedKey(region, account string) string {
	sum := sha256.Sum256([]byte("aws/ebs " + region + " " + account))
	h := hex.EncodeToString(sum[:16])
	return fmt.Sprintf("arn:aws:kms:%s:%s:key/%s-%s-4%s-8%s-%s", region, account, h[:8], h[8:12], h[13:16], h[17:20], h[20:])
}

// managed reports whether AWS keeps the key itself.
func managed(arn string) bool {
	parts := strings.SplitN(arn, ":", 6) // arn:aws:kms:REGION:ACCOUNT:key/ID
	return len(parts) == 6 && (parts[5] == "alias/aws/ebs" || arn == ManagedKey(parts[3], parts[4]))
}

// KeyTrouble is why EBS cannot use a key at all, "" when it can. It is a key of the
// volume's region, enabled and symmetric; one that is pending deletion is not enabled, and
// not in what is looked at. Sources: Amazon EBS guide ebs-encryption.md; KMS guide
// key-state.html.
func KeyTrouble(view inventory.View, arn, region string) string {
	if arn == "" || managed(arn) {
		return ""
	}
	if parts := strings.Split(arn, ":"); len(parts) > 3 && parts[3] != region {
		return fmt.Sprintf("the key %s is of %s, the volume of %s", arn, parts[3], region)
	}
	key := iam.KeyNamed(view.Within(region), arn)
	switch {
	case key == nil:
		return fmt.Sprintf("the key %s does not exist, or is pending deletion", arn)
	case key.Out.Has("isEnabled") && !key.Out.Bool("isEnabled"):
		return fmt.Sprintf("the key %s is disabled", arn)
	case key.Props().StrOr("customerMasterKeySpec", "SYMMETRIC_DEFAULT") != "SYMMETRIC_DEFAULT":
		return fmt.Sprintf("the key %s is not symmetric", arn)
	}
	return ""
}

// KeyDenies is the first action that a key's policy does not let somebody do for a volume,
// "" when it lets them do all. byIAM says whether their own policies allow one. EC2 asks in
// their name. Sources: Amazon EBS guide ebs-encryption-requirements.md; KMS guide
// services-ebs.md.
func KeyDenies(view inventory.View, arn, region, who, volume string, byIAM func(iam.Request) bool, actions ...string) string {
	if arn == "" || managed(arn) {
		return "" // its policy is for everybody in the account who comes through EC2
	}
	key := iam.KeyNamed(view.Within(region), arn)
	if key == nil {
		return ""
	}
	for _, action := range actions {
		r := iam.Request{Kind: "AWS", Principal: who, Action: action, Facts: facts(who, region, volume, action)}
		if !iam.KeyLets(key, r, byIAM(iam.Request{Action: action, Resource: key.Out.Str("arn"), Facts: r.Facts})) {
			return action
		}
	}
	return ""
}

// facts are what KMS knows when EC2 asks it in somebody's name.
func facts(who, region, volume, action string) map[string]string {
	forAWS := ""
	if action == "kms:CreateGrant" {
		forAWS = "true" // only there is it a key of the request
	}
	return map[string]string{
		"aws:principalarn": who, "aws:principalaccount": iam.Account(who), "kms:calleraccount": iam.Account(who),
		"kms:viaservice": "ec2." + region + ".amazonaws.com", "kms:grantisforawsresource": forAWS,
		"kms:encryptioncontext:aws:ebs:id": volume, "aws:principalisawsservice": "false",
	}
}
