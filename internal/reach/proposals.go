package reach

import (
	"fmt"
	"slices"

	"burrow/internal/inventory"
)

// A suite is what one end of a tunnel accepts in one phase, in AWS's words.
type suite struct {
	encryption []string // AES128, AES256, AES128-GCM-16, AES256-GCM-16
	integrity  []string // SHA1, SHA2-256, SHA2-384, SHA2-512
	groups     []int    // Diffie-Hellman; 0 is none
}

// awsDefaults are what AWS accepts where a connection names nothing. Source:
// AWV-16, AWV-17, AWV-22 (botocore ec2; aws-site-to-site-vpn-user-guide VPNTunnels.md).
func awsDefaults(phase int) suite {
	groups := []int{2, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24}
	if phase == 2 {
		groups = append(groups, 5)
	}
	return suite{
		encryption: []string{"AES128", "AES256", "AES128-GCM-16", "AES256-GCM-16"},
		integrity:  []string{"SHA1", "SHA2-256", "SHA2-384", "SHA2-512"},
		groups:     groups,
	}
}

// awsSuite is what one tunnel of a VPN connection accepts.
func awsSuite(vpn *inventory.Object, tunnel, phase int) suite {
	prefix := fmt.Sprintf("tunnel%dPhase%d", tunnel, phase)
	s := awsDefaults(phase)
	if v := effectiveStrings(vpn, prefix+"EncryptionAlgorithms"); len(v) > 0 {
		s.encryption = v
	}
	if v := effectiveStrings(vpn, prefix+"IntegrityAlgorithms"); len(v) > 0 {
		s.integrity = v
	}
	if v := effectiveInts(vpn, prefix+"DhGroupNumbers"); len(v) > 0 {
		s.groups = v
	}
	return s
}

// azureDefaults are what an Azure route-based gateway takes from a peer where the
// connection has no policy. Source: azure-docs
// articles/vpn-gateway/vpn-gateway-about-vpn-devices.md, RouteBased as responder.
func azureDefaults(phase int) suite {
	if phase == 1 {
		return suite{encryption: []string{"AES256", "AES128"}, integrity: []string{"SHA1", "SHA2-256"}, groups: []int{2}}
	}
	return suite{
		encryption: []string{"AES256-GCM-16", "AES256", "AES128"},
		integrity:  []string{"SHA1", "SHA2-256"}, groups: []int{0, 1, 2, 14, 19, 20, 24},
	}
}

// azureSuite is what an Azure connection accepts: a policy replaces every default
// (AVC-13).
func azureSuite(conn *inventory.Object, phase int) suite {
	policies := conn.Props().Maps("ipsecPolicies")
	if len(policies) == 0 {
		return azureDefaults(phase)
	}
	p := policies[0]
	if phase == 1 {
		return suite{
			encryption: []string{inAWSWords(p.Str("ikeEncryption"))},
			integrity:  []string{inAWSWords(p.Str("ikeIntegrity"))},
			groups:     []int{azureGroups[p.Str("dhGroup")]},
		}
	}
	group := azureGroups[p.Str("pfsGroup")]
	if p.Str("pfsGroup") == "PFSMM" {
		group = azureGroups[p.Str("dhGroup")] // the group of main mode
	}
	return suite{
		encryption: []string{inAWSWords(p.Str("ipsecEncryption"))},
		integrity:  []string{inAWSWords(p.Str("ipsecIntegrity"))},
		groups:     []int{group},
	}
}

// azureWords are Azure's names of algorithms in AWS's words (XV-01 to XV-04).
var azureWords = map[string]string{
	"GCMAES128": "AES128-GCM-16", "GCMAES192": "AES192-GCM-16", "GCMAES256": "AES256-GCM-16",
	"SHA256": "SHA2-256", "SHA384": "SHA2-384",
}

// azureGroups are Azure's names of Diffie-Hellman groups by number (AVC-18, AVC-19).
var azureGroups = map[string]int{
	"DHGroup1": 1, "DHGroup2": 2, "DHGroup14": 14, "DHGroup2048": 14, "DHGroup24": 24,
	"PFS1": 1, "PFS2": 2, "PFS14": 14, "PFS2048": 14, "PFS24": 24,
	"ECP256": 19, "ECP384": 20,
}

func inAWSWords(azure string) string {
	if aws, ok := azureWords[azure]; ok {
		return aws
	}
	return azure
}

// authenticated are the encryption algorithms that need no integrity algorithm of
// their own in phase 2.
var authenticated = []string{"AES128-GCM-16", "AES192-GCM-16", "AES256-GCM-16"}

// groupWord begins what is said of groups that differ.
const groupWord = "Diffie-Hellman group"

// mismatch says in which way two ends have no proposal in common, or "".
func mismatch(aws, azure suite, phase int) string {
	encryption := common(aws.encryption, azure.encryption)
	switch {
	case len(encryption) == 0:
		return fmt.Sprintf("encryption: AWS takes %v, Azure %v", aws.encryption, azure.encryption)
	case len(common(aws.groups, azure.groups)) == 0:
		return fmt.Sprintf(groupWord+": AWS takes %v, Azure %v", aws.groups, azure.groups)
	case phase == 2 && len(common(encryption, authenticated)) > 0:
		return ""
	case len(common(aws.integrity, azure.integrity)) == 0:
		return fmt.Sprintf("integrity: AWS takes %v, Azure %v", aws.integrity, azure.integrity)
	}
	return ""
}

func common[T comparable](a, b []T) []T {
	return slices.DeleteFunc(slices.Clone(a), func(v T) bool { return !slices.Contains(b, v) })
}

func effectiveStrings(o *inventory.Object, path string) []string { return o.Props().Strings(path) }

func effectiveInts(o *inventory.Object, path string) (numbers []int) {
	for _, v := range o.Props().List(path) {
		if n, ok := v.(float64); ok {
			numbers = append(numbers, int(n))
		}
	}
	return numbers
}
