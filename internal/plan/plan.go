// Package plan is the estate as plain Go values: what will exist, where, under
// which name and address. It knows no Pulumi type and talks to no cloud.
//
// A Plan comes from [Load], which merges the stack's configuration over the
// defaults and reports every problem at once. Components receive parts of a
// validated Plan and never check it again; outputs of resources carry only what
// a cloud invents (ids, tunnel outside addresses, endpoints).
package plan

import "net/netip"

//go:generate go run ./schema/gen -plan . -out ../../burrow.schema.json

// Plan is one whole estate: an AWS side, an Azure side and the path between.
type Plan struct {
	Estate   Estate   `json:"estate"`
	Network  Network  `json:"network"`
	Clusters Clusters `json:"clusters"`
	VPN      VPN      `json:"vpn"`
	DNS      DNS      `json:"dns"`
	K8s      K8s      `json:"k8s"`
	Watch    Watch    `json:"watch"`
}

// Estate says whose estate this is and how its things are told apart from
// another estate's in the same accounts.
type Estate struct {
	// Suffix is appended, after a hyphen, to every derived physical name. Leave
	// it empty for the only estate of an account; 1 to 12 lower-case letters,
	// digits and hyphens otherwise.
	Suffix string `json:"suffix"`
	// Environment becomes a tag on everything that can carry tags, as Project and
	// Owner do: for example dev.
	Environment string `json:"environment"`
	// Project is what the estate belongs to.
	Project string `json:"project"`
	// Owner is the team that answers for it.
	Owner string `json:"owner"`
	// ExtraTags are added to every resource; they may not replace Burrow's own
	// keys. Ten at most: Azure DNS zones carry 15 tags, five are Burrow's (ADR-24).
	ExtraTags map[string]string `json:"tags"`
	// Protect keeps what the tunnels end at in both clouds, the private zones and the
	// KMS keys from being deleted or replaced by any run: switch it off in a run of
	// its own before a destroy.
	Protect bool `json:"protect"`
}

// Network holds both clouds' networks. No two ranges of an estate may overlap,
// whichever cloud they are in: the tunnels join them into one routed network.
type Network struct {
	AWS   AWSNetwork   `json:"aws"`
	Azure AzureNetwork `json:"azure"`
}

// EgressMode says how private subnets reach what is outside the VPC.
type EgressMode string

const (
	// EgressNATPerZone makes a NAT gateway in every zone: a zone can fail alone.
	EgressNATPerZone EgressMode = "nat-per-zone"
	// EgressNATSingle makes one NAT gateway in the first zone: cheaper, and the
	// other zones lose the internet with it.
	EgressNATSingle EgressMode = "nat-single"
	// EgressEndpoints makes no way to the internet at all: no internet gateway, no
	// NAT gateway, no public subnet, but endpoints of the AWS services that nodes
	// need (VPC-36). Images come from the account's own registry only. The program
	// cannot run in such a subnet: it needs Azure, too.
	EgressEndpoints EgressMode = "endpoints"
)

// AWSNetwork is the VPC that holds the private EKS cluster.
type AWSNetwork struct {
	// AccountID is the twelve-digit account that the estate belongs to. The AWS
	// provider refuses to work in any other.
	AccountID string `json:"accountId"`
	// Region is one of those whose zones Burrow knows, for example eu-west-2.
	Region string `json:"region"`
	// CIDR is the range of the VPC, /16 to /28 (VPC-01).
	CIDR netip.Prefix `json:"cidr"`
	// Zones are the availability zones in use, in order: the first is "az1" in
	// names. EKS needs two at least.
	Zones []Zone `json:"zones"`
	// Egress is nat-per-zone (a NAT gateway in every zone: a zone can fail alone),
	// nat-single (one in the first zone: cheaper, and one zone's failure cuts all
	// off) or endpoints (no way to the internet; endpoints of AWS services instead).
	Egress EgressMode `json:"egress"`
	// VPCID is a VPC that exists already, for example vpc-0123456789abcdef0. Burrow
	// makes its subnets in there, and neither changes, tags nor deletes the VPC
	// itself. CIDR must be its only range. Empty: Burrow makes the VPC.
	VPCID string `json:"vpcId"`
	// InternetGatewayID is the internet gateway of that VPC, which can have one
	// only (VPC-09). Needed with VPCID, unless Egress is endpoints.
	InternetGatewayID string `json:"internetGatewayId"`
	// LogRetentionDays is the retention of every AWS log group that Burrow
	// makes; one of the values that CloudWatch Logs accepts (LOG-17), 30 or more.
	LogRetentionDays int `json:"logRetentionDays"`
	// LogKeyARN is a KMS key of the account and region that encrypts every log
	// group; its policy must let CloudWatch Logs use it (LOG-18). Empty: Burrow
	// makes one.
	LogKeyARN string `json:"logKeyArn"`
}

// Zone is one availability zone: its subnets and the fixed addresses in them.
type Zone struct {
	// Name is the zone's full name, for example eu-west-2a.
	Name string `json:"name" jsonschema:"required"`
	// Private is the subnet of nodes, pods, load balancer, resolvers and endpoints.
	Private netip.Prefix `json:"private" jsonschema:"required"`
	// Public is the subnet of the NAT gateway. Not made, and not needed, when
	// Egress is endpoints.
	Public netip.Prefix `json:"public,omitzero" plan:"optional"`
	// Reserved is a block of Private kept from automatic assignment by a subnet
	// CIDR reservation, so that the three addresses below are free for certain.
	// Default: the last /28 of Private.
	Reserved netip.Prefix `json:"reserved" plan:"derived"`
	// NLB is the load balancer's address here, inside Reserved. Default: its 11th.
	NLB netip.Addr `json:"nlb" plan:"derived"`
	// ResolverInbound is where Azure asks for AWS names, inside Reserved. Default:
	// its 12th address.
	ResolverInbound netip.Addr `json:"resolverInbound" plan:"derived"`
	// ResolverOutbound is where AWS asks Azure from, inside Reserved. Default: its
	// 13th address.
	ResolverOutbound netip.Addr `json:"resolverOutbound" plan:"derived"`
}

// AzureNetwork is the VNet that holds the public AKS cluster.
type AzureNetwork struct {
	// SubscriptionID is a GUID. The Azure provider works in this subscription,
	// whatever the shell is logged in to.
	SubscriptionID string `json:"subscriptionId"`
	// TenantID is the GUID of the Entra tenant that the subscription trusts.
	TenantID string `json:"tenantId"`
	// Location is an Azure region with availability zones, for example uksouth.
	Location string `json:"location"`
	// ResourceGroup is the base name of the group that holds all of the Azure side.
	ResourceGroup string `json:"resourceGroup"`
	// CIDR is the range of the VNet. The tunnels announce it to AWS.
	CIDR netip.Prefix `json:"cidr"`
	// VNetID is the ARM id of a VNet that exists already, in this subscription and
	// location. Burrow makes its subnets in there, and neither changes, tags nor
	// deletes the VNet itself. CIDR must be its only range. Empty: Burrow makes
	// the VNet.
	VNetID  string       `json:"vnetId"`
	Subnets AzureSubnets `json:"subnets"`
	// NetworkWatcher names the region's watcher. Azure makes it with the first
	// VNet of a region, under these names unless somebody chose others.
	NetworkWatcher NetworkWatcher `json:"networkWatcher"`
	// LogRetentionDays is the retention of flow logs in storage and of the
	// Log Analytics workspace, 30 to 365 days.
	LogRetentionDays int `json:"logRetentionDays"`
	// StorageAccount holds the flow logs: 3 to 24 lower-case letters and digits,
	// unique in all of Azure. Default: "burrow" and a hash of subscription,
	// project, environment and suffix.
	StorageAccount string `json:"storageAccount" plan:"derived"`
}

// AzureSubnets are the subnets by role.
type AzureSubnets struct {
	// Nodes is aks-subnet: an address for every node, and for those that an
	// upgrade adds (AKS-27).
	Nodes netip.Prefix `json:"nodes"`
	// Gateway is GatewaySubnet, /27 or larger (AVG-16).
	Gateway netip.Prefix `json:"gateway"`
	// ResolverInbound is dns-inbound-subnet, /28 to /24, delegated (ADR-09).
	ResolverInbound netip.Prefix `json:"resolverInbound"`
	// ResolverOutbound is dns-outbound-subnet, /28 to /24, delegated (ADR-09).
	// Questions to AWS come from any address in it (ADR-14).
	ResolverOutbound netip.Prefix `json:"resolverOutbound"`
}

// NetworkWatcher is the parent of VNet flow logs (LOG-03).
type NetworkWatcher struct {
	// Name defaults to NetworkWatcher_ and the location.
	Name string `json:"name" plan:"derived"`
	// ResourceGroup is the watcher's own group, not the estate's.
	ResourceGroup string `json:"resourceGroup"`
}

// Clusters holds both Kubernetes clusters.
type Clusters struct {
	EKS EKS `json:"eks"`
	AKS AKS `json:"aks"`
}

// EKS is the private cluster that runs relay.
type EKS struct {
	// Name is the cluster's base name, 1 to 100 letters, digits, - and _ (EKS-01).
	Name string `json:"name"`
	// Version is a Kubernetes minor in EKS standard support, for example 1.36
	// (EKS-09). Raise it by one minor at a time.
	Version string `json:"version"`
	// AdminRoleARNs are the IAM roles that administer the cluster. Never derived
	// from whoever runs the program.
	AdminRoleARNs []string `json:"adminRoleArns"`
	// APIClients are ranges of the VPC from which, beside the nodes, the private
	// Kubernetes API may be reached (TCP 443): where the program runs with access
	// direct, for example a runner's private subnet. None may touch a public
	// subnet. 0 to 10 ranges; with access direct, real AWS needs one (EKS-08).
	APIClients []netip.Prefix `json:"apiClients"`
	// TunnelPort is the port of 127.0.0.1 at which, with access ssm, the private API is
	// found on the machine of whoever uses it, 1024 to 65535. Default: a number from
	// 20000 to 29999 that follows from the cluster's name.
	TunnelPort int `json:"tunnelPort" plan:"derived"`
	// ServiceCIDR is the range of Kubernetes services: RFC 1918, /24 to /12
	// (EKS-11). It cannot be changed later.
	ServiceCIDR netip.Prefix `json:"serviceCidr"`
	Nodes       EKSNodes     `json:"nodes"`
	// Addons pins the version of each add-on, so that a later run with nothing
	// changed changes nothing.
	Addons EKSAddons `json:"addons"`
}

// EKSNodes is the managed node group.
type EKSNodes struct {
	// Name is the node group's base name, 1 to 63 letters, digits, - and _ (EKS-22).
	Name string `json:"name"`
	// InstanceType is an EC2 instance type, x86-64 or ARM.
	InstanceType string `json:"instanceType"`
	// Desired is the number of nodes to start with, from Min to Max.
	Desired int `json:"desired"`
	// Min is the least number of nodes, 0 or more.
	Min int `json:"min"`
	// Max is the largest number of nodes, 1 or more.
	Max int `json:"max"`
	// DiskGiB is the size of a node's encrypted root disk, 20 GiB or more.
	DiskGiB int `json:"diskGiB"`
}

// EKSAddons are add-on versions such as v1.20.4-eksbuild.2.
type EKSAddons struct {
	// VPCCNI is the version of vpc-cni, v1.14 or newer (EKS-34).
	VPCCNI string `json:"vpcCni"`
	// KubeProxy is the version of kube-proxy, never newer than the cluster.
	// Default: a build for the cluster's version.
	KubeProxy string `json:"kubeProxy" plan:"derived"`
	// CoreDNS is the version of coredns.
	CoreDNS string `json:"coredns"`
	// PodIdentity is the version of eks-pod-identity-agent.
	PodIdentity string `json:"podIdentity"`
}

// AKS is the public cluster that runs bunny.
type AKS struct {
	// Name is the cluster's base name, 1 to 63 letters, digits, - and _, letters
	// or digits at both ends (AKS-02).
	Name string `json:"name"`
	// Version is a Kubernetes minor in AKS support, for example 1.36 (AKS-14).
	Version string `json:"version"`
	// Tier of the control plane: Free, Standard or Premium.
	Tier string `json:"tier"`
	// AdminGroupIDs are the object ids (GUIDs) of the Entra groups that
	// administer the cluster.
	AdminGroupIDs []string `json:"adminGroupIds"`
	// AuthorizedRanges may reach the public API; 1 to 200 public IPv4 ranges or
	// addresses (AKS-37, AKS-51).
	AuthorizedRanges []netip.Prefix `json:"authorizedRanges"`
	// PodCIDR is the overlay's range; each node takes a /24 of it (AKS-20).
	PodCIDR netip.Prefix `json:"podCidr"`
	// ServiceCIDR is the range of Kubernetes services, /13 to /28. Azure's own
	// default is the AWS side's VPC (AKS-23).
	ServiceCIDR netip.Prefix `json:"serviceCidr"`
	// DNSServiceIP is the address of the cluster's DNS. Default: ServiceCIDR's
	// first address plus ten.
	DNSServiceIP netip.Addr `json:"dnsServiceIp" plan:"derived"`
	// NetworkPolicy is the engine that enforces network policies: cilium (with
	// Azure CNI's cilium data plane), azure (Azure Network Policy Manager, which
	// ends on 30 September 2028) or calico (AKS-17, AKS-18).
	NetworkPolicy PolicyEngine `json:"networkPolicy"`
	Pool          AKSPool      `json:"pool"`
}

// PolicyEngine enforces Kubernetes network policies in AKS.
type PolicyEngine string

// The engines that AKS has for Azure CNI overlay.
const (
	PolicyCilium PolicyEngine = "cilium"
	PolicyAzure  PolicyEngine = "azure"
	PolicyCalico PolicyEngine = "calico"
)

// PoolSurge is how many nodes an upgrade adds to an AKS pool at a time; they
// need addresses too (AKS-20, AKS-27).
const PoolSurge = 1

// AKSPool is the system node pool.
type AKSPool struct {
	// Name has 1 to 12 lower-case letters and digits, a letter first (AKS-01).
	Name string `json:"name"`
	// VMSize has 2 vCPUs and 4 GB at least (AKS-06).
	VMSize string `json:"vmSize"`
	// Count is the number of nodes to start with, from Min to Max.
	Count int `json:"count"`
	// Min is the least number of nodes, 1 or more (AKS-08).
	Min int `json:"min"`
	// Max is the largest number of nodes, 1000 or less (AKS-08).
	Max int `json:"max"`
	// Zones are the availability zones of the nodes: 1, 2, 3.
	Zones []string `json:"zones"`
	// DiskGB is the size of a node's disk, 0 to 2048 GB; 0 is what the machine
	// size comes with (AKS-11).
	DiskGB int `json:"diskGB"`
}

// AWSGateway is what the tunnels end at in AWS.
type AWSGateway string

const (
	// VirtualPrivateGateway is free, and sends through one tunnel of all (AWV-11).
	VirtualPrivateGateway AWSGateway = "virtual-private-gateway"
	// TransitGateway costs by attachment and by byte, and sends through all
	// tunnels at once (ECMP).
	TransitGateway AWSGateway = "transit-gateway"
)

// Routing says how the two networks learn of each other.
type Routing string

const (
	// RoutingBGP has each tunnel announce the networks, so that a dead one is left.
	RoutingBGP Routing = "bgp"
)

// VPN is the pair of gateways and the four tunnels between them.
type VPN struct {
	// AWSGateway is virtual-private-gateway or transit-gateway.
	AWSGateway AWSGateway `json:"awsGateway"`
	// Routing is bgp: four tunnels to the same networks need it (AVC-33).
	Routing Routing `json:"routing"`
	// AWSASN is the AWS side's private ASN, 64512 to 65534, and none of Azure's
	// own (AWV-04, AVG-27).
	AWSASN uint32 `json:"awsAsn"`
	// AzureASN is the Azure side's ASN, up to 65534; 65515 is Azure's default.
	AzureASN uint32 `json:"azureAsn"`
	// SKU is the size of the Azure gateway, VpnGw1AZ to VpnGw5AZ (AVG-01).
	SKU string `json:"sku"`
	// Generation of the Azure gateway, Generation1 or Generation2, as the SKU
	// allows (AVG-05).
	Generation string `json:"generation"`
	// Suite names the IKE and IPsec algorithms, the same on both sides; see [Suites].
	Suite string `json:"suite"`
	// Tunnels are exactly four: two for each Azure gateway instance.
	Tunnels []Tunnel `json:"tunnels"`
}

// Tunnel is one IPsec tunnel, from one AWS endpoint to one Azure gateway instance.
type Tunnel struct {
	// Instance is the Azure gateway instance, 0 or 1. Each instance is one AWS
	// customer gateway and one VPN connection.
	Instance int `json:"instance" jsonschema:"required"`
	// Number is the tunnel of that VPN connection, 1 or 2.
	Number int `json:"number" jsonschema:"required"`
	// Inside is the tunnel inside CIDR, a /30 legal in both clouds (XV-08).
	Inside netip.Prefix `json:"inside" jsonschema:"required"`
	// KeyGeneration selects the pre-shared key. Raise it by one to replace the
	// key of this tunnel; one tunnel in one run.
	KeyGeneration int `json:"keyGeneration" jsonschema:"required"`
}

// DNS is both private zones and the forwarding between them.
type DNS struct {
	// AWSZone is the private zone that Route 53 holds.
	AWSZone string `json:"awsZone"`
	// AzureZone is the private zone that Azure DNS holds.
	AzureZone string `json:"azureZone"`
	// RelayRecord is relay's name relative to AWSZone.
	RelayRecord string `json:"relayRecord"`
	// BunnyRecord is bunny's name relative to AzureZone.
	BunnyRecord string `json:"bunnyRecord"`
	// BunnyFrontend makes bunny an A record on this private address in aks-subnet.
	// Without it bunny is a TXT record saying that it offers no inbound service.
	BunnyFrontend netip.Addr `json:"bunnyFrontend,omitzero" plan:"optional"`
	// AzureInbound is the static address of the DNS private resolver's inbound
	// endpoint. Default: the first usable address of its subnet.
	AzureInbound netip.Addr `json:"azureInbound" plan:"derived"`
}

// Access says how the Kubernetes providers reach the private API.
type Access string

const (
	// AccessSSM means that whoever needs the private API, wherever they are, comes to it
	// by Session Manager through a node.
	AccessSSM Access = "ssm"
	// AccessDirect means that the program runs where the private API can be reached.
	AccessDirect Access = "direct"
)

// K8s is what runs in the clusters.
type K8s struct {
	// Access is how the program and people reach the private EKS API: ssm, through a
	// node by Session Manager, from anywhere; or direct, from where a route leads to it.
	Access Access `json:"access"`
	Relay  Relay  `json:"relay"`
	Bunny  Bunny  `json:"bunny"`
}

// Relay is the job queue in EKS.
type Relay struct {
	// Namespace of relay in EKS.
	Namespace string `json:"namespace"`
	// Port is what the NLB listens on and what relay's container listens on. One
	// number for both: the VPC CNI's policy agent wants the Service port and the
	// container port equal (EKS-35).
	Port int `json:"port"`
	// NodePort is where the NLB reaches the nodes, 30000 to 32767.
	NodePort int `json:"nodePort"`
	// NLB is the load balancer's base name, 1 to 32 letters, digits and hyphens.
	NLB string `json:"nlb"`
	// Image is the container image that relay runs from, for example
	// 123456789012.dkr.ecr.eu-west-2.amazonaws.com/relay:1.0. With egress endpoints
	// it must be in the account's own registry, and nodes may pull that repository
	// and no other. Empty: any repository of that registry. Burrow deploys no
	// workload: this only says what there is to pull.
	Image string `json:"image"`
}

// Bunny is the worker in AKS.
type Bunny struct {
	// Namespace of bunny in AKS.
	Namespace string `json:"namespace"`
}

// Watch says who is told when something fails, and what share of a tunnel is much.
type Watch struct {
	// Emails are told of every alarm of both clouds, 1 to 10 addresses. AWS sends
	// each a mail to confirm before the first alarm.
	Emails []string `json:"emails"`
	// BandwidthPercent of what a tunnel can carry raises an alert, 10 to 100.
	BandwidthPercent int `json:"bandwidthPercent"`
}
