package azure

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
)

var (
	clusterPlace = place{
		provider: "Microsoft.ContainerService", location: pinned, outputs: hasState | hasSystem,
		path: []segment{{"managedClusters", "resourceName"}},
		names: naming{
			rule: "AKS-02", code: codeParameter, min: 1, max: 63, source: "bicep ContainerService 2023-04-01",
			pattern: regexp.MustCompile(`^([a-zA-Z0-9]|[a-zA-Z0-9][-_a-zA-Z0-9]{0,61}[a-zA-Z0-9])$`),
			words:   "letters, digits, _ -, beginning and ending with a letter or digit",
		},
	}
	poolPlace = place{
		provider: "Microsoft.ContainerService", parent: azuretype.ManagedCluster, outputs: hasState,
		path: []segment{{"managedClusters", "resourceName"}, {"agentPools", "agentPoolName"}},
	}
)

// Ranges that AKS takes where the cluster names none. Source: AKS-19, AKS-23.
// Azure's default service range silently shadows whatever else has it.
const (
	defaultServiceCIDR = "10.0.0.0/16"
	defaultDNSService  = "10.0.0.10"
	defaultPodCIDR     = "10.244.0.0/16"
)

func clusterKinds() []*emulator.Kind {
	return []*emulator.Kind{
		clusterPlace.kind(azuretype.ManagedCluster, emulator.Kind{
			Refs: clusterRefs(), Replace: clusterReplace(),
			Rules: slices.Concat(clusterRules(), versionRules(), poolRules(), clusterNetworkRules(), nodeNetworkRules(),
				clusterRights()),
			Fill: fillCluster, Made: makeNodeGroup, Gone: removeMade, Refresh: echoPools,
			Busy: busyCluster, BusyCode: "OperationNotAllowed", BusyRule: "AKS-48", BusySource: "Microsoft's list of ARM error codes; azure-aks-docs errors",
		}),
		poolPlace.kind(azuretype.AgentPool, emulator.Kind{
			Refs: []emulator.Ref{subnetRef("vnetSubnetID"), subnetRef("podSubnetID")},
			Replace: []emulator.Replace{
				{Path: "gpuInstanceProfile", Source: sourceForceNew}, {Path: "vmSize", Source: sourceForceNew},
			},
			Rules: slices.Concat([]emulator.Rule{poolNameFree()}, poolRules(), nodeNetworkRules(), clusterRights()),
			Fill:  fillPoolResource,
			Busy:  busyCluster, BusyCode: "OperationNotAllowed", BusyRule: "AKS-48", BusySource: "Microsoft's list of ARM error codes; azure-aks-docs errors",
		}),
	}
}

func busyCluster(in inventory.Props) string {
	return strings.ToLower("aks/" + in.Str("resourceGroupName") + "/" + in.Str("resourceName"))
}

func clusterRefs() []emulator.Ref {
	return []emulator.Ref{
		subnetRef("agentPoolProfiles[*].vnetSubnetID"),
		subnetRef("agentPoolProfiles[*].podSubnetID"),
		{
			Path: "identity.userAssignedIdentities[*]", To: []string{azuretype.UserAssignedIdentity}, Missing: "FailedIdentityOperation",
			Rule: "AKS-30", Source: "azure-aks-docs use-managed-identity.md (code from memory)",
		},
	}
}

func clusterReplace() []emulator.Replace {
	var all []emulator.Replace
	for _, path := range []string{
		"diskEncryptionSetID", "dnsPrefix", "fqdnSubdomain", "linuxProfile", "networkProfile",
		"nodeResourceGroup", "windowsProfile",
	} {
		all = append(all, emulator.Replace{Path: path, Source: sourceForceNew})
	}
	return all
}

// networkProfile is the cluster's network with what AKS fills in.
func networkProfile(in inventory.Props) inventory.Props {
	p := in.Map("networkProfile").Clone()
	if !p.Has("networkPlugin") {
		p.Set("networkPlugin", "azure")
		p.Default("networkPluginMode", "overlay")
	}
	p.Default("networkDataplane", "azure")
	p.Default("loadBalancerSku", "standard")
	p.Default("outboundType", "loadBalancer")
	p.Default("ipFamilies", []any{"IPv4"})
	p.Default("serviceCidr", first(p.Strings("serviceCidrs"), defaultServiceCIDR))
	p.Default("serviceCidrs", []any{p.Str("serviceCidr")})
	p.Default("dnsServiceIP", defaultDNSService)
	if !overlaid(p) {
		p.Del("podCidr") // pods have addresses of the VNet
		p.Del("podCidrs")
		return p
	}
	p.Default("podCidr", first(p.Strings("podCidrs"), defaultPodCIDR))
	p.Default("podCidrs", []any{p.Str("podCidr")})
	return p
}

// overlaid reports whether pods have addresses of their own, not of the VNet.
func overlaid(profile inventory.Props) bool {
	return profile.Str("networkPlugin") == "kubenet" || profile.Str("networkPluginMode") == "overlay"
}

func first(list []string, otherwise string) string {
	if len(list) > 0 {
		return list[0]
	}
	return otherwise
}

func nodeGroupName(c *emulator.Call) string {
	return c.In.StrOr("nodeResourceGroup",
		fmt.Sprintf("MC_%s_%s_%s", c.In.Str("resourceGroupName"), lastOf(identify(c)), location(c)))
}

func fillCluster(c *emulator.Call) error {
	version := c.In.StrOr("kubernetesVersion", defaultVersion)
	c.Out.Set("kubernetesVersion", version)
	c.Out.Set("currentKubernetesVersion", patched(version))
	c.Out.Set("networkProfile", networkProfile(c.In))
	c.Out.Set("nodeResourceGroup", nodeGroupName(c))
	c.Out.Default("enableRBAC", true)
	c.Out.Default("disableLocalAccounts", false)
	c.Out.Default("supportPlan", "KubernetesOfficial")
	c.Out.Set("maxAgentPools", 100)
	c.Out.Set("powerState", map[string]any{"code": "Running"})
	c.Out.Default("servicePrincipalProfile", map[string]any{"clientId": "msi"})
	c.Out.Default("sku.name", "Base")
	c.Out.Default("sku.tier", "Free")
	c.Out.Set("resourceUID", c.HexOf("resourceUID", 24))
	c.Out.Set("eTag", c.UUIDOf("eTag"))
	c.Hidden.Set("caSeed", c.HexOf("cluster CA", 64))
	fillEndpoint(c)
	fillClusterIdentity(c)
	fillStorageProfile(c)
	fillOutbound(c)
	c.Out.Set("agentPoolProfiles", filledPools(c))
	return nil
}

// fillEndpoint sets the names of the API server and of the OIDC issuer.
func fillEndpoint(c *emulator.Call) {
	host := fmt.Sprintf("%s-%s", c.In.StrOr("dnsPrefix", c.In.Str("fqdnSubdomain")), c.HexOf("fqdn", 8))
	if c.In.Bool("apiServerAccessProfile.enablePrivateCluster") {
		c.Out.Set("privateFQDN", fmt.Sprintf("%s.%s.privatelink.%s.azmk8s.io", host, c.UUIDOf("private"), location(c)))
	}
	c.Out.Set("fqdn", fmt.Sprintf("%s.hcp.%s.azmk8s.io", host, location(c)))
	c.Out.Set("azurePortalFQDN", fmt.Sprintf("%s.portal.hcp.%s.azmk8s.io", host, location(c)))
	c.Out.Default("oidcIssuerProfile.enabled", false)
	if c.In.Bool("oidcIssuerProfile.enabled") {
		c.Out.Set("oidcIssuerProfile.issuerURL", fmt.Sprintf("https://%s.oic.prod-aks.azure.com/%s/%s/",
			location(c), c.Account().AzureTenant, c.UUIDOf("issuer")))
	}
	if c.In.Has("aadProfile") {
		c.Out.Default("aadProfile.tenantID", c.Account().AzureTenant)
	}
}

// fillClusterIdentity sets who the cluster and its kubelets are.
func fillClusterIdentity(c *emulator.Call) {
	identities := map[string]any{}
	for _, id := range c.In.Strings("identity.userAssignedIdentities") {
		if o := c.Tx.Get(azuretype.UserAssignedIdentity, id); o != nil {
			identities[o.ID] = map[string]any{
				"clientId": o.Out.Str("clientId"), "principalId": o.Out.Str("principalId"),
			}
		}
	}
	if len(identities) > 0 {
		c.Out.Set("identity.userAssignedIdentities", identities)
	}
	if c.In.Str("identity.type") == "SystemAssigned" {
		c.Out.Set("identity.principalId", c.UUIDOf("identity"))
		c.Out.Set("identity.tenantId", c.Account().AzureTenant)
	}
	if !c.In.Has("identityProfile.kubeletidentity") {
		c.Out.Set("identityProfile.kubeletidentity", map[string]any{
			"clientId": c.UUIDOf("kubelet client"), "objectId": c.UUIDOf("kubelet"), "resourceId": kubeletID(c),
		})
	}
}

func kubeletID(c *emulator.Call) string {
	return identityPlace.idOf(c, inventory.Props{
		"resourceGroupName": nodeGroupName(c), "resourceName": lastOf(identify(c)) + "-agentpool",
	})
}

func fillStorageProfile(c *emulator.Call) {
	for _, driver := range []string{"diskCSIDriver", "fileCSIDriver", "snapshotController"} {
		c.Out.Default("storageProfile."+driver+".enabled", true)
	}
}

// fillOutbound sets the addresses that pods leave by.
func fillOutbound(c *emulator.Call) {
	if c.Out.Str("networkProfile.outboundType") != "loadBalancer" {
		return
	}
	c.Out.Default("networkProfile.loadBalancerProfile.managedOutboundIPs.count", 1)
	c.Out.Default("networkProfile.loadBalancerProfile.backendPoolType", "nodeIPConfiguration")
	c.Out.Set("networkProfile.loadBalancerProfile.effectiveOutboundIPs", []any{map[string]any{"id": outboundID(c)}})
}

func outboundID(c *emulator.Call) string {
	return publicIPPlace.idOf(c, inventory.Props{
		"resourceGroupName": nodeGroupName(c), "publicIpAddressName": c.UUIDOf("outbound"),
	})
}

// makeNodeGroup makes the node resource group and those things in it that are
// modelled: the kubelets' identity, a security group, the outbound address.
func makeNodeGroup(c *emulator.Call) error {
	group := nodeGroupName(c)
	putGroup(c, group, c.ID)
	put := func(typ, id string, out inventory.Props) {
		in := inventory.Props{"resourceGroupName": group, "location": location(c)}
		c.Tx.Put(&inventory.Object{Type: typ, ID: id, MadeBy: c.ID, In: in, Out: out.With(inventory.Props{
			"name": lastOf(id), "location": location(c),
		})})
	}
	if !c.In.Has("identityProfile.kubeletidentity") {
		put(azuretype.UserAssignedIdentity, kubeletID(c), inventory.Props{
			"clientId": c.UUIDOf("kubelet client"), "principalId": c.UUIDOf("kubelet"), "tenantId": c.Account().AzureTenant,
		})
	}
	put(azuretype.NetworkSecurityGroup, nsgPlace.idOf(c, inventory.Props{
		"resourceGroupName": group, "networkSecurityGroupName": "aks-agentpool-" + c.HexOf("nsg", 8) + "-nsg",
	}), inventory.Props{"provisioningState": "Succeeded"})
	if c.Out.Str("networkProfile.outboundType") == "loadBalancer" {
		put(azuretype.PublicIPAddress, outboundID(c), inventory.Props{
			"provisioningState": "Succeeded", "ipAddress": freePublicAddress(c),
			"sku": map[string]any{"name": skuStandard, "tier": "Regional"},
		})
	}
	return nil
}

// removeMade takes away what the object made elsewhere, groups with all in them.
func removeMade(c *emulator.Call) error {
	for _, o := range c.Tx.All() {
		if o.Cloud != cloudName || !inventory.SameID(o.MadeBy, c.ID) {
			continue
		}
		if o.Type == azuretype.ResourceGroup {
			if err := removeInside(&emulator.Call{Tx: c.Tx, ID: o.ID}); err != nil {
				return err
			}
		}
		c.Tx.Remove(o)
	}
	return nil
}

// echoPools lists every pool of the cluster, those of their own included, as its
// GET does: an inline list then differs (PRV-04).
func echoPools(c *emulator.Call) error {
	list := c.Out.List("agentPoolProfiles")
	names := set(c.Out.Strings("agentPoolProfiles[*].name")...)
	for _, o := range children(c.Tx, azuretype.AgentPool, identify(c)) {
		if !names[lastOf(o.ID)] {
			list = append(list, map[string]any(o.Out.With(inventory.Props{
				"name": lastOf(o.ID), "type": "VirtualMachineScaleSets",
			})))
		}
	}
	c.Out.Set("agentPoolProfiles", list)
	return nil
}
