package plan

import (
	"maps"
	"slices"
)

// Suite is one choice of IKE and IPsec algorithms, under the names that each
// cloud gives them. Every value of one side has its counterpart on the other;
// a proposal that only one side knows never comes up (XV-01 to XV-05).
type Suite struct {
	Name  string
	AWS   AWSSuite
	Azure AzureSuite
	// AWSMTU is the largest packet, in bytes, that AWS carries in a tunnel of this
	// suite: 1446 with GCM, 1438 with CBC and SHA2-256 (AWV-31).
	AWSMTU int
	// Phase1LifetimeSeconds is the IKE SA's lifetime on the AWS side. Azure's is
	// fixed at 28 800 (AVC-23).
	Phase1LifetimeSeconds int
	// Phase2LifetimeSeconds is the IPsec SA's lifetime on both sides: 3 600 at
	// most in AWS (AWV-17), 300 at least in Azure (AVC-20).
	Phase2LifetimeSeconds int
	// SADataSizeKilobytes is Azure's limit of data for one IPsec SA (AVC-21).
	SADataSizeKilobytes int
	// DPDTimeoutSeconds is the silence after which a peer is taken for dead, on
	// both sides: 30 at least in AWS (AWV-18), 9 to 3 600 in Azure (AVC-22).
	DPDTimeoutSeconds int
}

// AWSSuite is a suite in the words of a VPN connection's tunnel options. DH
// groups are numbers; phase 2 always has perfect forward secrecy (XV-05).
type AWSSuite struct {
	Phase1Encryption []string
	Phase1Integrity  []string
	Phase1DHGroups   []int
	Phase2Encryption []string
	Phase2Integrity  []string
	Phase2DHGroups   []int
}

// AzureSuite is a suite in the words of a connection's IPsec policy.
type AzureSuite struct {
	IKEEncryption   string
	IKEIntegrity    string
	DHGroup         string
	IPsecEncryption string
	IPsecIntegrity  string
	PFSGroup        string
}

// DefaultSuite is the strongest suite that both clouds speak (XV-06).
const DefaultSuite = "aes256gcm-sha384-ecp384"

// Suites are the suites by name. The second is the conservative twin: no GCM
// and no elliptic curve, at a fraction of the throughput (AVG-38).
var Suites = map[string]Suite{
	DefaultSuite: {
		Name: DefaultSuite,
		AWS: AWSSuite{
			Phase1Encryption: []string{"AES256-GCM-16"},
			Phase1Integrity:  []string{"SHA2-384"},
			Phase1DHGroups:   []int{20},
			Phase2Encryption: []string{"AES256-GCM-16"},
			// GCM authenticates by itself; AWS wants a value, and it is not used.
			Phase2Integrity: []string{"SHA2-384"},
			Phase2DHGroups:  []int{20},
		},
		Azure: AzureSuite{
			IKEEncryption:   "GCMAES256",
			IKEIntegrity:    "SHA384",
			DHGroup:         "ECP384",
			IPsecEncryption: "GCMAES256",
			IPsecIntegrity:  "GCMAES256", // the same as the encryption (AVC-15)
			PFSGroup:        "ECP384",
		},
		AWSMTU:                1446,
		Phase1LifetimeSeconds: 28800,
		Phase2LifetimeSeconds: 3600,
		SADataSizeKilobytes:   102400000,
		DPDTimeoutSeconds:     45,
	},
	"aes256-sha256-modp2048": {
		Name: "aes256-sha256-modp2048",
		AWS: AWSSuite{
			Phase1Encryption: []string{"AES256"},
			Phase1Integrity:  []string{"SHA2-256"},
			Phase1DHGroups:   []int{14},
			Phase2Encryption: []string{"AES256"},
			Phase2Integrity:  []string{"SHA2-256"},
			Phase2DHGroups:   []int{14},
		},
		Azure: AzureSuite{
			IKEEncryption:   "AES256",
			IKEIntegrity:    "SHA256",
			DHGroup:         "DHGroup14",
			IPsecEncryption: "AES256",
			IPsecIntegrity:  "SHA256",
			PFSGroup:        "PFS14",
		},
		AWSMTU:                1438,
		Phase1LifetimeSeconds: 28800,
		Phase2LifetimeSeconds: 3600,
		SADataSizeKilobytes:   102400000,
		DPDTimeoutSeconds:     45,
	},
}

// headers are IPv4's and TCP's, 20 bytes each, without options.
const headers = 40

// azureMSS is what Microsoft says to clamp to in front of an Azure VPN gateway.
// Source: azure-docs vpn-gateway-about-vpn-devices.md.
const azureMSS = 1350

// MSS is the largest TCP segment, in bytes, that both clouds carry whole: neither
// tells a sender that its packet was too large (AWV-31).
func (s Suite) MSS() int { return min(s.AWSMTU-headers, azureMSS) }

// MTU is the packet that such a segment makes, in bytes. Relay's pods have it, so
// that both ends of a connection use the MSS: each sends what the other announces.
func (s Suite) MTU() int { return s.MSS() + headers }

// AlgorithmSuite is the suite that the configuration names.
func (v VPN) AlgorithmSuite() Suite { return Suites[v.Suite] }

func suiteNames() []string { return slices.Sorted(maps.Keys(Suites)) }
