package plan

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strings"
)

// Placeholders stand in Pulumi.dev.yaml where only the owner of an account
// knows the value. Emulated clouds take them, real ones never see them.
const (
	placeholderAccount = "123456789012"
	placeholderGUID    = "00000000-0000-0000-0000-000000000000"
	placeholderRole    = "arn:aws:iam::123456789012:role/eks-admins"
	placeholderRange   = "203.0.113.0/24"     // TEST-NET-3, RFC 5737: nobody's
	placeholderEmail   = "oncall@example.com" // RFC 2606: nobody's
)

// defaultInstanceType is the default estate's; see [EKSNodes.GroupName].
const defaultInstanceType = "t3.medium"

// Default is the complete default estate. It holds placeholders, so that only
// emulated clouds take it as it is.
func Default() *Plan {
	p := base()
	p.Network.AWS.nameZones()
	p.derive()
	return p
}

// base is the default estate without what follows from other values; derive
// adds that after the user's values are merged.
func base() *Plan {
	return &Plan{
		Estate: Estate{
			Environment: "dev",
			Project:     "burrow",
			Owner:       "platform",
			ExtraTags:   map[string]string{},
		},
		Network:  Network{AWS: baseAWS(), Azure: baseAzure()},
		Clusters: Clusters{EKS: baseEKS(), AKS: baseAKS()},
		VPN:      baseVPN(),
		DNS: DNS{
			AWSZone:     "private.aws.internal",
			AzureZone:   "private.azure.internal",
			RelayRecord: "relay",
			BunnyRecord: "bunny",
		},
		K8s: K8s{
			Access: AccessSSM,
			Relay:  Relay{Namespace: "relay", Port: 8443, NodePort: 30443, NLB: "relay-nlb"},
			Bunny:  Bunny{Namespace: "bunny"},
		},
		Watch: Watch{Emails: []string{placeholderEmail}, BandwidthPercent: 80},
	}
}

func baseAWS() AWSNetwork {
	return AWSNetwork{
		AccountID: placeholderAccount,
		Region:    "eu-west-2",
		CIDR:      prefix("10.0.0.0/16"),
		Zones: []Zone{
			{Private: prefix("10.0.1.0/24"), Public: prefix("10.0.101.0/24")},
			{Private: prefix("10.0.2.0/24"), Public: prefix("10.0.102.0/24")},
		},
		Egress:           EgressNATPerZone,
		LogRetentionDays: 365,
	}
}

func baseAzure() AzureNetwork {
	return AzureNetwork{
		SubscriptionID: placeholderGUID,
		TenantID:       placeholderGUID,
		Location:       "uksouth",
		ResourceGroup:  "rg-aks-bunny",
		CIDR:           prefix("10.10.0.0/16"),
		Subnets: AzureSubnets{
			Nodes:            prefix("10.10.1.0/24"),
			Gateway:          prefix("10.10.2.0/27"),
			ResolverInbound:  prefix("10.10.3.0/28"),
			ResolverOutbound: prefix("10.10.3.16/28"),
		},
		NetworkWatcher:   NetworkWatcher{ResourceGroup: "NetworkWatcherRG"},
		LogRetentionDays: 90,
	}
}

func baseEKS() EKS {
	return EKS{
		Name:          "eks-relay-cluster",
		Version:       "1.36",
		AdminRoleARNs: []string{placeholderRole},
		APIClients:    []netip.Prefix{},
		ServiceCIDR:   prefix("172.20.0.0/16"),
		Nodes: EKSNodes{
			Name:         "eks-relay-nodegroup",
			InstanceType: defaultInstanceType,
			Desired:      2,
			Min:          1,
			Max:          3,
			DiskGiB:      30,
		},
		Addons: EKSAddons{
			VPCCNI:      "v1.22.4-eksbuild.3",
			CoreDNS:     "v1.14.3-eksbuild.16",
			PodIdentity: "v1.3.10-eksbuild.3",
		},
	}
}

func baseAKS() AKS {
	return AKS{
		Name:             "aks-bunny-cluster",
		Version:          "1.36",
		Tier:             "Standard",
		AdminGroupIDs:    []string{placeholderGUID},
		AuthorizedRanges: []netip.Prefix{prefix(placeholderRange)},
		PodCIDR:          prefix("10.244.0.0/16"),
		ServiceCIDR:      prefix("10.11.0.0/16"),
		NetworkPolicy:    PolicyCilium,
		Pool: AKSPool{
			Name:   "bunny",
			VMSize: "Standard_B2ms",
			Count:  2,
			Min:    1,
			Max:    3,
			Zones:  []string{"1", "2", "3"},
			DiskGB: 128,
		},
	}
}

func baseVPN() VPN {
	return VPN{
		AWSGateway: VirtualPrivateGateway,
		Routing:    RoutingBGP,
		AWSASN:     64512,
		AzureASN:   65515,
		SKU:        "VpnGw1AZ",
		Generation: "Generation1",
		Suite:      DefaultSuite,
		Tunnels: []Tunnel{
			{Instance: 0, Number: 1, Inside: prefix("169.254.21.0/30"), KeyGeneration: 1},
			{Instance: 0, Number: 2, Inside: prefix("169.254.22.0/30"), KeyGeneration: 1},
			{Instance: 1, Number: 1, Inside: prefix("169.254.21.4/30"), KeyGeneration: 1},
			{Instance: 1, Number: 2, Inside: prefix("169.254.22.4/30"), KeyGeneration: 1},
		},
	}
}

// derive fills in what was left open and follows from other values. What
// cannot be derived, because a value it follows from is wrong, stays zero.
func (p *Plan) derive() {
	aws, azure := &p.Network.AWS, &p.Network.Azure
	for i := range aws.Zones {
		aws.Zones[i].derive()
	}
	fill(&azure.NetworkWatcher.Name, "NetworkWatcher_"+azure.Location)
	fill(&azure.StorageAccount, storageAccount(p.Estate, azure.SubscriptionID))
	fill(&p.Clusters.EKS.Addons.KubeProxy, eksVersions[p.Clusters.EKS.Version].kubeProxy)
	fill(&p.Clusters.EKS.TunnelPort, tunnelPort(p.Estate.Name(p.Clusters.EKS.Name)))
	fill(&p.Clusters.AKS.DNSServiceIP, nth(p.Clusters.AKS.ServiceCIDR, 10))
	fill(&p.DNS.AzureInbound, nth(azure.Subnets.ResolverInbound, azureReservedFirst))
}

// reservedBits is the size of a reserved block, as a prefix length.
const reservedBits = 28

func (z *Zone) derive() {
	fill(&z.Reserved, tail(z.Private, reservedBits))
	fill(&z.NLB, nth(z.Reserved, 10))
	fill(&z.ResolverInbound, nth(z.Reserved, 11))
	fill(&z.ResolverOutbound, nth(z.Reserved, 12))
}

// nameZones names the default zones after the region: the first ones it has.
func (n *AWSNetwork) nameZones() {
	letters := awsRegions[n.Region]
	for i := range n.Zones {
		if i < len(letters) {
			fill(&n.Zones[i].Name, n.Region+letters[i:i+1])
		}
	}
}

// storageAccount is a name that two estates never share: storage accounts are
// unique in all of Azure. 6 + 18 characters are the most allowed (NAM-04).
func storageAccount(e Estate, subscription string) string {
	key := strings.Join([]string{subscription, e.Project, e.Environment, e.Suffix}, "\x00")
	sum := sha256.Sum256([]byte(key))
	return "burrow" + hex.EncodeToString(sum[:])[:18]
}

// Ports from which a cluster's is taken: no system gives them to outgoing connections
// (Linux from 32768, macOS and Windows from 49152), and Kubernetes has none of them for
// node ports.
const firstTunnelPort, tunnelPorts = 20000, 10000

// tunnelPort is the same on every machine, so that everybody's kubeconfig is.
func tunnelPort(cluster string) int {
	sum := sha256.Sum256([]byte(cluster))
	return firstTunnelPort + int(binary.BigEndian.Uint32(sum[:])%tunnelPorts)
}

// fill sets what was left open.
func fill[T comparable](dst *T, value T) {
	var zero T
	if *dst == zero {
		*dst = value
	}
}

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }
