package aws

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/iam"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

const (
	sourceCluster = "eks/cluster.go"
	eksService    = "eks.amazonaws.com"
	clusterPolicy = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
	modeMap       = "CONFIG_MAP"
	modeBoth      = "API_AND_CONFIG_MAP"
	modeAPI       = "API"
)

var (
	eksModel    = model("eks")
	clusterName = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$`)
	modes       = []string{modeMap, modeBoth, modeAPI} // a cluster moves towards the end only
	logTypes    = []string{"api", "audit", "authenticator", "controllerManager", "scheduler"}
)

func eksKinds() []*emulator.Kind {
	return []*emulator.Kind{cluster(), nodeGroup(), scalingGroup(), addon(), accessEntry(), accessPolicy(), podIdentityAssociation()}
}

func cluster() *emulator.Kind {
	return tagged(eksTags, &emulator.Kind{
		Type:     awstype.Cluster,
		Words:    named(words("EKS", "EKS Cluster", "CreateCluster", "UpdateClusterConfig", "DeleteCluster", "DescribeCluster")),
		AutoName: &emulator.AutoName{Property: "name", Max: 100},
		NewID:    property("name"),
		Refs: []emulator.Ref{
			refersBy("roleArn", "arn", "InvalidParameterException", "", terraform(sourceCluster), awstype.Role),
			refersTo("vpcConfig.subnetIds[*]", "InvalidParameterException", "DependencyViolation", eksModel, awstype.Subnet),
			refersTo("vpcConfig.securityGroupIds[*]", "InvalidParameterException", "DependencyViolation", eksModel, awstype.SecurityGroup),
			refersBy("encryptionConfig.provider.keyArn", "arn", "InvalidParameterException", "", eksModel, awstype.Key),
		},
		Unique: []emulator.Unique{
			{Fields: []string{"@account", "@region", "name"}, Code: "ResourceInUseException", Source: moto("eks/models.py")},
		},
		Replace: append(forceNew(sourceCluster, "name", "roleArn", "bootstrapSelfManagedAddons", "remoteNetworkConfig", "outpostConfig",
			"accessConfig.bootstrapClusterCreatorAdminPermissions", "kubernetesNetworkConfig.ipFamily",
			"kubernetesNetworkConfig.serviceIpv4Cidr"),
			emulator.Replace{Path: "encryptionConfig", Source: terraform(sourceCluster), When: losesEncryption}),
		Rules: all(clusterChecks(), clusterRefusals()),
		Fill:  fillCluster,
		Made:  madeWithCluster,
		Gone:  goneWithCluster,
	})
}

func clusterChecks() []emulator.Rule {
	source := terraform(sourceCluster)
	return []emulator.Rule{
		matches("EKS-01", "name", source, clusterName, "1 to 100 letters, digits, - and _, a letter or digit first"),
		provider("EKS-11", "kubernetesNetworkConfig.serviceIpv4Cidr", source, serviceRange),
		oneOf("EKS-12", "enabledClusterLogTypes", source, logTypes...),
		oneOf("EKS-13", "accessConfig.authenticationMode", source, modes...),
		oneOf("EKS-17", "encryptionConfig.resources", source, "secrets"),
		oneOf("EKS-18", "upgradePolicy.supportType", source, "STANDARD", "EXTENDED"),
		canonicalRange("EKS-07", "vpcConfig.publicAccessCidrs[*]", source),
	}
}

func clusterRefusals() []emulator.Rule {
	const create, update = emulator.OpCreate, emulator.OpUpdate
	invalid := "InvalidParameterException"
	return []emulator.Rule{
		refuse("EKS-02", invalid, emulator.OpWrite, "awsdocs/amazon-eks-user-guide#795", clusterZones),
		refuse("EKS-02", invalid, emulator.OpWrite, eksModel, clusterNetworks),
		refuse("EKS-03", invalid, create, "awsdocs/amazon-eks-user-guide network-reqs", clusterAddresses),
		refuse("EKS-03", invalid, update, "awsdocs/amazon-eks-user-guide network-reqs", clusterMoves),
		refuse("EKS-42", "UnsupportedAvailabilityZoneException", create, "pulumi-eks#1401; awsdocs/amazon-eks-user-guide network-reqs", clusterForbiddenZone),
		refuse("EKS-05", invalid, emulator.OpWrite, "awsdocs/amazon-eks-user-guide sec-group-reqs", clusterGroups),
		refuse("EKS-06", invalid, emulator.OpWrite, eksModel, noEndpoint),
		refuse("EKS-07", invalid, emulator.OpWrite, eksModel, publicRanges),
		refuse("EKS-09", invalid, create, "endoflife.date amazon-eks", versionNotOffered),
		refuse("EKS-10", invalid, update, eksModel, versionStep),
		refuse("EKS-11", invalid, create, "awsdocs/amazon-eks-user-guide create-cluster", serviceOverlap),
		refuse("EKS-13", invalid, update, "awsdocs/amazon-eks-user-guide grant-k8s-access", modeBack),
		refuse("EKS-17", invalid, update, eksModel, encryptionRemoved),
		refuse("EKS-17", invalid, emulator.OpWrite, eksModel, asymmetricKey),
		refuse("EKS-19", invalid, create, terraform(sourceCluster), clusterRoleUntrusting),
		refuse("EKS-19", invalid, create, terraform(sourceCluster), clusterRoleWithoutPolicy),
	}
}

func serviceRange(c *emulator.Call) string {
	s := c.In.Str("kubernetesNetworkConfig.serviceIpv4Cidr")
	if s == "" {
		return ""
	}
	p, ok := ipv4Range(s)
	switch {
	case !ok || p.Masked() != p || p.Bits() < 12 || p.Bits() > 24:
		return fmt.Sprintf("expected serviceIpv4Cidr to contain a network Value with between 12 and 24 significant bits, got: %s", s)
	case !isPrivate(p):
		return "serviceIpv4Cidr must be within 10.0.0.0/8, 172.16.0.0/12, or 192.168.0.0/16"
	}
	return ""
}

func clusterZones(c *emulator.Call) string {
	zones := map[string]bool{}
	for _, id := range c.In.Strings("vpcConfig.subnetIds") {
		zones[zoneOf(c, id)] = true
	}
	if len(zones) >= 2 {
		return ""
	}
	return "Subnets specified must be in at least two different AZs"
}

func clusterNetworks(c *emulator.Call) string {
	vpcs := map[string]bool{}
	for _, id := range c.In.Strings("vpcConfig.subnetIds") {
		vpcs[vpcOf(c, id)] = true
	}
	if len(vpcs) <= 1 {
		return ""
	}
	return "Subnets specified must belong to the same VPC."
}

// controlPlaneAddresses are what EKS wants free in each subnet of a new cluster.
const controlPlaneAddresses = 6

func clusterAddresses(c *emulator.Call) string {
	for _, id := range c.In.Strings("vpcConfig.subnetIds") {
		if n := freeAddresses(c, id); n < controlPlaneAddresses {
			return fmt.Sprintf("Subnet %s does not have enough free addresses: %d, and Amazon EKS needs %d.", id, n, controlPlaneAddresses)
		}
	}
	return ""
}

// clusterMoves: new subnets must be in the zones and the VPC of the old ones.
func clusterMoves(c *emulator.Call) string {
	zones := map[string]bool{}
	for _, id := range c.OldIn.Strings("vpcConfig.subnetIds") {
		zones[zoneOf(c, id)] = true
	}
	for _, id := range c.In.Strings("vpcConfig.subnetIds") {
		if !zones[zoneOf(c, id)] || vpcOf(c, id) != c.Old.Str("vpcConfig.vpcId") {
			return fmt.Sprintf("Provided subnet %s is not in the availability zones and the VPC that the cluster was created in.", id)
		}
	}
	return ""
}

func clusterForbiddenZone(c *emulator.Call) string {
	for _, id := range c.In.Strings("vpcConfig.subnetIds") {
		zone := zoneOf(c, id)
		if slices.Contains(noControlPlane, zoneID(c.Region(), zone)) {
			return fmt.Sprintf("Cannot create cluster '%s' because %s, the targeted availability zone, "+
				"does not currently have sufficient capacity to support the cluster. Retry and choose from these availability zones: %s",
				c.In.Str("name"), zone, strings.Join(controlPlaneZones(c.Region()), ", "))
		}
	}
	return ""
}

func clusterGroups(c *emulator.Call) string {
	groups, subnets := c.In.Strings("vpcConfig.securityGroupIds"), c.In.Strings("vpcConfig.subnetIds")
	if len(groups) > 5 {
		return fmt.Sprintf("At most 5 security groups may be specified, got %d.", len(groups))
	}
	for _, id := range groups {
		if len(subnets) > 0 && valueOf(c, awstype.SecurityGroup, id, "vpcId") != vpcOf(c, subnets[0]) {
			return fmt.Sprintf("Security group(s) %s are not in the same VPC as the subnets.", id)
		}
	}
	return ""
}

func publicAccess(in inventory.Props) bool {
	return !in.Has("vpcConfig.endpointPublicAccess") || in.Bool("vpcConfig.endpointPublicAccess")
}

func noEndpoint(c *emulator.Call) string {
	if publicAccess(c.In) || c.In.Bool("vpcConfig.endpointPrivateAccess") {
		return ""
	}
	return "Private and public endpoint access cannot be false"
}

func publicRanges(c *emulator.Call) string {
	ranges := c.In.Strings("vpcConfig.publicAccessCidrs")
	if len(ranges) > 0 && !publicAccess(c.In) {
		return "publicAccessCidrs can only be specified when public endpoint access is enabled."
	}
	for _, s := range ranges {
		if p, ok := ipv4Range(s); ok && isPrivate(p) {
			return fmt.Sprintf("The following CIDRs are invalid in publicAccessCidrs: [%s]", s)
		}
	}
	return ""
}

func versionNotOffered(c *emulator.Call) string {
	v := c.In.StrOr("version", newestVersion())
	if _, ok := offered(v); ok {
		return ""
	}
	return fmt.Sprintf("unsupported Kubernetes version %s", v)
}

// versionStep: one minor version up at a time, never down.
func versionStep(c *emulator.Call) string {
	from, to := c.Old.Str("version"), c.In.StrOr("version", c.Old.Str("version"))
	if from == to {
		return ""
	}
	if _, ok := offered(to); ok && minorNumber(to) == minorNumber(from)+1 {
		return ""
	}
	return fmt.Sprintf("Unsupported Kubernetes minor version update from %s to %s", from, to)
}

func clusterVpc(c *emulator.Call) string {
	for _, id := range c.In.Strings("vpcConfig.subnetIds") {
		return vpcOf(c, id)
	}
	return ""
}

func serviceOverlap(c *emulator.Call) string {
	p, ok := ipv4Range(c.In.Str("kubernetesNetworkConfig.serviceIpv4Cidr"))
	block, known := vpcBlock(c, clusterVpc(c))
	if !ok || !known || !p.Overlaps(block) {
		return ""
	}
	return fmt.Sprintf("The service CIDR %s overlaps with the VPC CIDR %s.", p, block)
}

func authenticationMode(in inventory.Props) string {
	return in.StrOr("accessConfig.authenticationMode", modeMap)
}

func modeBack(c *emulator.Call) string {
	from, to := authenticationMode(c.OldIn), authenticationMode(c.In)
	if slices.Index(modes, to) >= slices.Index(modes, from) {
		return ""
	}
	return fmt.Sprintf("Unsupported authentication mode update from %s to %s", from, to)
}

func losesEncryption(c *emulator.Call) bool {
	return c.OldIn.Has("encryptionConfig") && !c.In.Has("encryptionConfig")
}

// encryptionRemoved is what EKS says where the provider did not replace.
func encryptionRemoved(c *emulator.Call) string {
	if losesEncryption(c) {
		return "Envelope encryption cannot be disabled once it is enabled."
	}
	return ""
}

func asymmetricKey(c *emulator.Call) string {
	key := c.Tx.Find(awstype.Key, "arn", c.In.Str("encryptionConfig.provider.keyArn"))
	if key == nil || key.Value("customerMasterKeySpec") == symmetric {
		return ""
	}
	return fmt.Sprintf("The key %s is not a symmetric key.", key.Value("arn"))
}

func clusterRoleUntrusting(c *emulator.Call) string {
	role := c.Tx.Find(awstype.Role, "arn", c.In.Str("roleArn"))
	if role == nil || trusts(role, eksService) {
		return ""
	}
	return fmt.Sprintf("Role with arn: %s, could not be assumed because it does not exist or the trusted entity is not correct",
		c.In.Str("roleArn"))
}

func clusterRoleWithoutPolicy(c *emulator.Call) string {
	role := c.Tx.Find(awstype.Role, "arn", c.In.Str("roleArn"))
	if role == nil || slices.Contains(iam.AttachedPolicies(c.Tx.View, role.ID), clusterPolicy) {
		return ""
	}
	return fmt.Sprintf("The provided role doesn't have the Amazon EKS Managed Policies associated with it. "+
		"Please ensure the following policies [%s] are attached", clusterPolicy)
}

func fillCluster(c *emulator.Call) error {
	version := c.In.StrOr("version", c.Old.Str("version"))
	if version == "" {
		version = newestVersion()
	}
	k, _ := offered(version)
	defaults(c, inventory.Props{
		"arn":       regional(c, "eks", "cluster/"+c.ID),
		"endpoint":  fmt.Sprintf("https://%s.gr7.%s.eks.amazonaws.com", strings.ToUpper(c.HexOf("endpoint", 32)), c.Region()),
		"createdAt": moment(c, "created"), "platformVersion": k.platform, "status": "ACTIVE",
		"version": version, "bootstrapSelfManagedAddons": true,
		"upgradePolicy.supportType":                            "EXTENDED",
		"accessConfig.authenticationMode":                      modeMap,
		"accessConfig.bootstrapClusterCreatorAdminPermissions": true,
		"identities": []any{map[string]any{"oidcs": []any{map[string]any{"issuer": issuerOf(c)}}}},
	})
	if err := fillAuthority(c); err != nil {
		return err
	}
	fillServiceRange(c)
	if err := fillControlPlane(c); err != nil {
		return err
	}
	if len(c.In.List("enabledClusterLogTypes")) > 0 {
		putLogGroup(c, c.ID)
	}
	return nil
}

func issuerOf(c *emulator.Call) string {
	return fmt.Sprintf("https://oidc.eks.%s.amazonaws.com/id/%s", c.Region(), strings.ToUpper(c.HexOf("issuer", 32)))
}

func fillAuthority(c *emulator.Call) error {
	data, err := authority(c)
	authority := map[string]any{"data": data}
	defaults(c, inventory.Props{"certificateAuthority": authority, "certificateAuthorities": []any{authority}})
	return err
}

// fillServiceRange chooses the service range as EKS does when none is given: the
// one of two that is not in the VPC's own block of private addresses.
func fillServiceRange(c *emulator.Call) {
	chosen := "10.100.0.0/16"
	ten := netip.MustParsePrefix("10.0.0.0/8")
	if block, ok := vpcBlock(c, clusterVpc(c)); ok && block.Overlaps(ten) {
		chosen = "172.20.0.0/16"
	}
	keep(c, "kubernetesNetworkConfig.serviceIpv4Cidr", func() any { return chosen })
	defaults(c, inventory.Props{
		"kubernetesNetworkConfig.ipFamily": "ipv4", "kubernetesNetworkConfig.elasticLoadBalancing.enabled": false,
	})
}

// fillControlPlane puts the control plane's interfaces into the first two zones.
func fillControlPlane(c *emulator.Call) error {
	var wanted []eni
	for i, subnet := range c.In.Strings("vpcConfig.subnetIds") {
		if i < 2 {
			wanted = append(wanted, eni{subnet: subnet})
		}
	}
	if _, err := settleENIs(c, wanted); err != nil {
		return err
	}
	defaults(c, inventory.Props{
		"vpcConfig.clusterSecurityGroupId": opaqueOf(c, "sg", "cluster"),
		"vpcConfig.vpcId":                  clusterVpc(c),
		"vpcConfig.endpointPrivateAccess":  false, "vpcConfig.endpointPublicAccess": true,
	})
	if publicAccess(c.In) {
		defaults(c, inventory.Props{"vpcConfig.publicAccessCidrs": []string{"0.0.0.0/0"}})
	}
	return nil
}

// madeWithCluster makes EKS's own security group, which nodes carry unless a
// launch template says otherwise (EKS-20), and the creator's entry (EKS-14, EKS-15).
func madeWithCluster(c *emulator.Call) error {
	id := c.Out.Str("vpcConfig.clusterSecurityGroupId")
	name := fmt.Sprintf("eks-cluster-sg-%s-%s", c.ID, decimals(c.HexOf("group", 20), 10))
	made(c, awstype.SecurityGroup, id, inventory.Props{
		"name": name, "vpcId": c.Out.Str("vpcConfig.vpcId"), "ownerId": c.Account().AWSAccount,
		"arn": regional(c, "ec2", "security-group/"+id),
		"description": "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, " +
			"as well as any managed workloads.",
		"ingress": []any{map[string]any{"protocol": "-1", "fromPort": 0.0, "toPort": 0.0, "self": true}},
		"egress":  []any{openEgress()},
		"tags": map[string]any{
			"Name": name, "kubernetes.io/cluster/" + c.ID: "owned", "aws:eks:cluster-name": c.ID,
		},
	})
	if c.Out.Bool("accessConfig.bootstrapClusterCreatorAdminPermissions") && authenticationMode(c.In) != modeMap {
		putEntry(c, c.ID, c.Account().CallerARN, "STANDARD")
	}
	return nil
}

// goneWithCluster takes away what lives inside a cluster. The log group stays, as
// it does for real.
func goneWithCluster(c *emulator.Call) error {
	inside := func(o *inventory.Object) bool { return o.MadeBy == c.ID || o.Value("clusterName") == c.ID }
	removeIf(c, inside, awstype.Addon, awstype.AccessEntry, awstype.AccessPolicyAssociation, awstype.PodIdentityAssociation)
	unmake(c, awstype.SecurityGroup)
	return nil
}
