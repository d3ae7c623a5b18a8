package azure

import (
	"sync"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
)

// Props and lists as a program writes them.
type (
	props = inventory.Props
	obj   = map[string]any
	list  = []any
)

const testGroup = "rg"

// valid returns inputs that a kind accepts, and makes in the subscription what
// they refer to. Things that are there already are made once.
func (s *subscription) valid(typ string) props {
	in := validInputs()[typ](s)
	if typ != azuretype.ResourceGroup && typ != azuretype.DiagnosticSetting && typ != azuretype.RoleAssignment && !in.Has("resourceGroupName") {
		in["resourceGroupName"] = s.group()
	}
	return in
}

// made makes a valid resource of the kind unless there is one, and returns its id.
func (s *subscription) made(typ, name string, in props) string {
	s.t.Helper()
	if in == nil {
		in = s.valid(typ)
	}
	if id := s.idOf(typ, name, in); id != "" && s.object(typ, id) != nil {
		return id
	}
	id, _ := s.mustCreate(typ, name, in)
	return id
}

// kinds are those of the cloud, which do not change.
var kinds = sync.OnceValue(func() []*emulator.Kind { return Cloud().Kinds })

// idOf is the id that a resource will have.
func (s *subscription) idOf(typ, name string, in props) string {
	s.t.Helper()
	id := ""
	err := s.world.View(func(tx *emulator.Tx) error {
		for _, k := range kinds() {
			if k.Type == typ {
				c := &emulator.Call{
					Tx: tx, Kind: k, Name: name, URN: urn(typ, name), In: in,
					Provider: props{"subscriptionId": testSubscription},
				}
				var err error
				id, err = k.NewID(c)
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	zero := "/subscriptions/00000000-0000-0000-0000-000000000000"
	if len(id) > len(zero) && id[:len(zero)] == zero {
		id = "/subscriptions/" + testSubscription + id[len(zero):]
	}
	return id
}

func (s *subscription) group() string {
	s.made(azuretype.ResourceGroup, testGroup, props{"resourceGroupName": testGroup, "location": "uksouth"})
	return testGroup
}

func (s *subscription) vnet() string {
	s.made(azuretype.VirtualNetwork, "vnet", nil)
	return "vnet"
}

func (s *subscription) subnet(name, prefix string, more props) string {
	in := props{
		"resourceGroupName": s.group(), "virtualNetworkName": s.vnet(), "subnetName": name, "addressPrefix": prefix,
	}
	return s.made(azuretype.Subnet, name, in.With(more))
}

// delegated is a subnet for an endpoint of a resolver.
func (s *subscription) delegated(name, prefix string) string {
	return s.subnet(name, prefix, props{"delegations": list{obj{"name": "d", "serviceName": resolverService}}})
}

func (s *subscription) address(name string) string {
	return s.made(azuretype.PublicIPAddress, name, s.valid(azuretype.PublicIPAddress).With(props{"publicIpAddressName": name}))
}

// zoneless is an address without zones.
func (s *subscription) zoneless(name string) string {
	return s.made(azuretype.PublicIPAddress, name, props{
		"resourceGroupName": testGroup, "publicIpAddressName": name, "publicIPAllocationMethod": "Static",
		"sku": obj{"name": "Standard"},
	})
}

// doomed is a gateway that Azure accepts and then fails to make (AVG-08).
func (s *subscription) doomed() props {
	in := s.valid(azuretype.VirtualNetworkGateway)
	in.Set("ipConfigurations[0].publicIPAddress.id", s.zoneless("zoneless-a"))
	in.Set("ipConfigurations[1].publicIPAddress.id", s.zoneless("zoneless-b"))
	return in
}

func (s *subscription) identity() string {
	return s.made(azuretype.UserAssignedIdentity, "identity", nil)
}

// grant gives the test identity a role at a scope.
func (s *subscription) grant(name, scope string) {
	s.made(azuretype.RoleAssignment, name, props{
		"roleAssignmentName": name, "scope": scope, "principalType": "ServicePrincipal",
		"principalId":      s.object(azuretype.UserAssignedIdentity, s.identity()).Out.Str("principalId"),
		"roleDefinitionId": roleDefinitionID(roleNetworkContributor),
	})
}

func roleDefinitionID(role string) string {
	return "/subscriptions/" + testSubscription + "/providers/Microsoft.Authorization/roleDefinitions/" + role
}

// A gateway's configuration id, as a program has to write it.
func testConfigurationID(name string) string {
	return "/subscriptions/" + testSubscription + "/resourceGroups/" + testGroup +
		"/providers/Microsoft.Network/virtualNetworkGateways/gw/ipConfigurations/" + name
}

func validInputs() map[string]func(*subscription) props {
	return map[string]func(*subscription) props{
		azuretype.ResourceGroup: func(*subscription) props { return props{"resourceGroupName": "another", "location": "uksouth"} },
		azuretype.VirtualNetwork: func(*subscription) props {
			return props{"virtualNetworkName": "vnet", "addressSpace": obj{"addressPrefixes": list{"10.10.0.0/16"}}}
		},
		azuretype.Subnet: func(s *subscription) props {
			return props{"virtualNetworkName": s.vnet(), "subnetName": "nodes", "addressPrefix": "10.10.1.0/24"}
		},
		azuretype.NetworkSecurityGroup: func(*subscription) props { return props{"networkSecurityGroupName": "nsg"} },
		azuretype.SecurityRule: func(s *subscription) props {
			s.made(azuretype.NetworkSecurityGroup, "nsg", nil)
			return props{
				"networkSecurityGroupName": "nsg", "securityRuleName": "allow", "priority": 100.0, "direction": "Inbound",
				"access": "Allow", "protocol": "Tcp", "sourcePortRange": "*", "destinationPortRange": "53",
				"sourceAddressPrefix": "VirtualNetwork", "destinationAddressPrefixes": list{"10.0.0.0/16", "10.1.0.4"},
			}
		},
		azuretype.RouteTable: func(*subscription) props { return props{"routeTableName": "table"} },
		azuretype.Route: func(s *subscription) props {
			s.made(azuretype.RouteTable, "table", nil)
			return props{
				"routeTableName": "table", "routeName": "aws", "addressPrefix": "10.0.0.0/16",
				"nextHopType": "VirtualNetworkGateway",
			}
		},
		azuretype.NatGateway: func(s *subscription) props {
			return props{
				"natGatewayName": "nat", "sku": obj{"name": "Standard"},
				"publicIpAddresses": list{obj{"id": s.address("nat-ip")}},
			}
		},
		azuretype.PublicIPAddress: func(*subscription) props {
			return props{
				"publicIpAddressName": "ip", "publicIPAllocationMethod": "Static", "sku": obj{"name": "Standard"},
				"zones": list{"1", "2", "3"},
			}
		},
		azuretype.VirtualNetworkGateway:           validGateway,
		azuretype.LocalNetworkGateway:             validLocal,
		azuretype.VirtualNetworkGatewayConnection: validConnection,
		azuretype.NetworkWatcher:                  func(*subscription) props { return props{"networkWatcherName": "watcher", "location": "ukwest"} },
		azuretype.FlowLog:                         validFlowLog,
		azuretype.PrivateZone: func(*subscription) props {
			return props{"privateZoneName": "private.azure.internal", "location": "global"}
		},
		azuretype.VirtualNetworkLink:                validZoneLink,
		azuretype.PrivateRecordSet:                  validRecord,
		azuretype.DnsResolver:                       validResolver,
		azuretype.InboundEndpoint:                   validInbound,
		azuretype.OutboundEndpoint:                  validOutbound,
		azuretype.DnsForwardingRuleset:              validRuleset,
		azuretype.ForwardingRule:                    validForward,
		azuretype.PrivateResolverVirtualNetworkLink: validRulesetLink,
		azuretype.UserAssignedIdentity:              func(*subscription) props { return props{"resourceName": "identity"} },
		azuretype.RoleAssignment:                    validRole,
		azuretype.ManagedCluster:                    validCluster,
		azuretype.AgentPool:                         validPool,
		azuretype.DiagnosticSetting:                 validDiagnostic,
		azuretype.MetricAlert:                       validAlert,
		azuretype.ActionGroup: func(*subscription) props {
			return props{
				"actionGroupName": "oncall", "groupShortName": "oncall", "enabled": true, "location": "global",
				"emailReceivers": list{obj{"name": "oncall", "emailAddress": "oncall@example.com", "useCommonAlertSchema": true}},
			}
		},
		azuretype.ScheduledQueryRule: validQueryRule,
		azuretype.Workbook: func(s *subscription) props {
			return props{
				"resourceName": testAssignment, "displayName": "Burrow", "category": "workbook", "kind": "shared",
				"sourceId": s.made(azuretype.Workspace, "logs", nil), "version": "Notebook/1.0",
				"serializedData": `{"version":"Notebook/1.0","items":[{"type":1,"content":{"json":"# Tunnels"}}]}`,
			}
		},
		azuretype.DnsResolverPolicy: func(*subscription) props { return props{"dnsResolverPolicyName": "policy"} },
		azuretype.DnsResolverPolicyVirtualNetworkLink: func(s *subscription) props {
			s.made(azuretype.DnsResolverPolicy, "policy", nil)
			return props{
				"dnsResolverPolicyName": "policy", "dnsResolverPolicyVirtualNetworkLinkName": "link",
				"virtualNetwork": obj{"id": s.made(azuretype.VirtualNetwork, "vnet", nil)},
			}
		},
		azuretype.DnsSecurityRule: func(s *subscription) props {
			s.made(azuretype.DnsResolverPolicy, "policy", nil)
			return props{
				"dnsResolverPolicyName": "policy", "dnsSecurityRuleName": "block", "priority": 100.0,
				"action":                 obj{"actionType": "Block", "blockResponseCode": "SERVFAIL"},
				"dnsResolverDomainLists": list{obj{"id": s.made(azuretype.DnsResolverDomainList, "domains", nil)}},
			}
		},
		azuretype.DnsResolverDomainList: func(*subscription) props {
			return props{"dnsResolverDomainListName": "domains", "domains": list{"example.com.", "."}}
		},
		azuretype.Workspace: func(*subscription) props {
			return props{"workspaceName": "logs", "sku": obj{"name": "PerGB2018"}, "retentionInDays": 30.0}
		},
		azuretype.StorageAccount: func(*subscription) props {
			return props{"accountName": "flowlogs", "kind": "StorageV2", "sku": obj{"name": "Standard_LRS"}}
		},
		azuretype.BlobServiceProperties: func(s *subscription) props {
			s.made(azuretype.StorageAccount, "flowlogs", nil)
			return props{"accountName": "flowlogs", "blobServicesName": "default", "isVersioningEnabled": false}
		},
		azuretype.ManagementPolicy: func(s *subscription) props {
			s.made(azuretype.StorageAccount, "flowlogs", nil)
			return props{"accountName": "flowlogs", "managementPolicyName": "default", "policy": obj{"rules": list{}}}
		},
	}
}

func validGateway(s *subscription) props {
	subnet := obj{"id": s.subnet(gatewaySubnet, "10.10.255.0/27", nil)}
	configuration := func(name string) obj {
		return obj{"name": name, "subnet": subnet, "publicIPAddress": obj{"id": s.address("ip-" + name)}}
	}
	peer := func(name string, addresses ...any) obj {
		return obj{"ipconfigurationId": testConfigurationID(name), "customBgpIpAddresses": list(addresses)}
	}
	return props{
		"virtualNetworkGatewayName": "gw", "gatewayType": "Vpn", "vpnType": "RouteBased", "activeActive": true,
		"enableBgp": true, "sku": obj{"name": "VpnGw1AZ", "tier": "VpnGw1AZ"}, "vpnGatewayGeneration": "Generation1",
		"ipConfigurations": list{configuration("a"), configuration("b")},
		"bgpSettings": obj{"asn": 65515.0, "peerWeight": 0.0, "bgpPeeringAddresses": list{
			peer("a", "169.254.21.2", "169.254.22.2"), peer("b", "169.254.21.6", "169.254.22.6"),
		}},
	}
}

func validLocal(*subscription) props {
	return props{
		"localNetworkGatewayName": "aws", "gatewayIpAddress": "3.8.0.1",
		"bgpSettings": obj{"asn": 64512.0, "bgpPeeringAddress": "169.254.21.1"},
	}
}

func validConnection(s *subscription) props {
	return props{
		"virtualNetworkGatewayConnectionName": "tunnel", "connectionType": "IPsec", "connectionProtocol": "IKEv2",
		"enableBgp": true, "sharedKey": "a.key_1", "dpdTimeoutSeconds": 45.0,
		"virtualNetworkGateway1": obj{"id": s.made(azuretype.VirtualNetworkGateway, "gw", nil)},
		"localNetworkGateway2":   obj{"id": s.made(azuretype.LocalNetworkGateway, "aws", nil)},
		"gatewayCustomBgpIpAddresses": list{
			obj{"ipConfigurationId": testConfigurationID("a"), "customBgpIpAddress": "169.254.21.2"},
		},
		"ipsecPolicies": list{obj{
			"ikeEncryption": "GCMAES256", "ikeIntegrity": "SHA384", "dhGroup": "ECP384", "ipsecEncryption": "GCMAES256",
			"ipsecIntegrity": "GCMAES256", "pfsGroup": "ECP384", "saLifeTimeSeconds": 3600.0,
			"saDataSizeKilobytes": 102400000.0,
		}},
	}
}

func validFlowLog(s *subscription) props {
	vnet := s.made(azuretype.VirtualNetwork, "vnet", nil)
	workspace := s.made(azuretype.Workspace, "logs", nil)
	return props{
		"resourceGroupName": "NetworkWatcherRG", "networkWatcherName": "NetworkWatcher_uksouth", "flowLogName": "log",
		"targetResourceId": vnet, "storageId": s.made(azuretype.StorageAccount, "flowlogs", nil), "enabled": true,
		"format":          obj{"type": "JSON", "version": 2.0},
		"retentionPolicy": obj{"days": 30.0, "enabled": true},
		"flowAnalyticsConfiguration": obj{"networkWatcherFlowAnalyticsConfiguration": obj{
			"enabled": true, "trafficAnalyticsInterval": 10.0, "workspaceResourceId": workspace,
			"workspaceRegion": "uksouth", "workspaceId": s.object(azuretype.Workspace, workspace).Out.Str("customerId"),
		}},
	}
}

func validZoneLink(s *subscription) props {
	s.made(azuretype.PrivateZone, "zone", nil)
	return props{
		"privateZoneName": "private.azure.internal", "virtualNetworkLinkName": "link", "location": "global",
		"registrationEnabled": false, "virtualNetwork": obj{"id": s.made(azuretype.VirtualNetwork, "vnet", nil)},
	}
}

func validRecord(s *subscription) props {
	s.made(azuretype.PrivateZone, "zone", nil)
	return props{
		"privateZoneName": "private.azure.internal", "recordType": "TXT", "relativeRecordSetName": "bunny",
		"ttl": 300.0, "txtRecords": list{obj{"value": list{"no inbound service"}}},
	}
}

func validResolver(s *subscription) props {
	return props{"dnsResolverName": "resolver", "virtualNetwork": obj{"id": s.made(azuretype.VirtualNetwork, "vnet", nil)}}
}

func validInbound(s *subscription) props {
	s.made(azuretype.DnsResolver, "resolver", nil)
	return props{
		"dnsResolverName": "resolver", "inboundEndpointName": "in",
		"ipConfigurations": list{obj{
			"subnet": obj{"id": s.delegated("dns-in", "10.10.2.0/28")}, "privateIpAllocationMethod": "Static",
			"privateIpAddress": "10.10.2.4",
		}},
	}
}

func validOutbound(s *subscription) props {
	s.made(azuretype.DnsResolver, "resolver", nil)
	return props{
		"dnsResolverName": "resolver", "outboundEndpointName": "out",
		"subnet": obj{"id": s.delegated("dns-out", "10.10.3.0/28")},
	}
}

func validRuleset(s *subscription) props {
	return props{
		"dnsForwardingRulesetName":     "ruleset",
		"dnsResolverOutboundEndpoints": list{obj{"id": s.made(azuretype.OutboundEndpoint, "out", nil)}},
	}
}

func validForward(s *subscription) props {
	s.made(azuretype.DnsForwardingRuleset, "ruleset", nil)
	return props{
		"dnsForwardingRulesetName": "ruleset", "forwardingRuleName": "aws", "domainName": "private.aws.internal.",
		"targetDnsServers": list{obj{"ipAddress": "10.0.1.10", "port": 53.0}, obj{"ipAddress": "10.0.2.10", "port": 53.0}},
	}
}

func validRulesetLink(s *subscription) props {
	s.made(azuretype.DnsForwardingRuleset, "ruleset", nil)
	return props{
		"dnsForwardingRulesetName": "ruleset", "virtualNetworkLinkName": "link",
		"virtualNetwork": obj{"id": s.made(azuretype.VirtualNetwork, "vnet", nil)},
	}
}

const testAssignment = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"

func validRole(s *subscription) props {
	return props{
		"roleAssignmentName": testAssignment, "scope": s.subnet("role-scope", "10.10.9.0/24", nil),
		"principalId":   s.object(azuretype.UserAssignedIdentity, s.identity()).Out.Str("principalId"),
		"principalType": "ServicePrincipal", "roleDefinitionId": roleDefinitionID(roleNetworkContributor),
	}
}

// nodeSubnet is a subnet with a route table, and the identity's rights on both.
func (s *subscription) nodeSubnet() string {
	table := s.made(azuretype.RouteTable, "table", nil)
	subnet := s.subnet("nodes", "10.10.1.0/24", props{"routeTable": obj{"id": table}})
	s.grant("10000000-0000-4000-8000-000000000001", subnet)
	s.grant("10000000-0000-4000-8000-000000000002", table)
	return subnet
}

func validCluster(s *subscription) props {
	return props{
		"resourceName": "bunny", "dnsPrefix": "bunny", "kubernetesVersion": "1.35",
		"sku":      obj{"name": "Base", "tier": "Standard"},
		"identity": obj{"type": "UserAssigned", "userAssignedIdentities": list{s.identity()}},
		"agentPoolProfiles": list{obj{
			"name": "bunny", "mode": "System", "vmSize": "Standard_B2ms", "count": 2.0, "enableAutoScaling": true,
			"minCount": 1.0, "maxCount": 3.0, "vnetSubnetID": s.nodeSubnet(), "maxPods": 110.0, "osDiskSizeGB": 128.0,
			"orchestratorVersion": "1.35", "upgradeSettings": obj{"maxSurge": "1"},
		}},
		"networkProfile": obj{
			"networkPlugin": "azure", "networkPluginMode": "overlay", "networkDataplane": "cilium",
			"networkPolicy": "cilium", "podCidr": "10.244.0.0/16", "serviceCidr": "10.11.0.0/16", "dnsServiceIP": "10.11.0.10",
		},
		"aadProfile":           obj{"managed": true, "enableAzureRBAC": true, "adminGroupObjectIDs": list{testTenant}},
		"disableLocalAccounts": true, "oidcIssuerProfile": obj{"enabled": true},
		"apiServerAccessProfile": obj{"authorizedIPRanges": list{"198.51.100.0/24", "0.0.0.0/32"}},
	}
}

func validPool(s *subscription) props {
	s.made(azuretype.ManagedCluster, "bunny", nil)
	return props{
		"resourceName": "bunny", "agentPoolName": "extra", "mode": "User", "vmSize": "Standard_D2s_v3", "count": 1.0,
		"vnetSubnetID": s.nodeSubnet(),
	}
}

func validDiagnostic(s *subscription) props {
	return props{
		"name": "logs", "resourceUri": s.made(azuretype.VirtualNetworkGateway, "gw", nil), "workspaceId": s.made(azuretype.Workspace, "logs", nil),
		"logs": list{obj{"category": "TunnelDiagnosticLog", "enabled": true}},
	}
}

func validAlert(s *subscription) props {
	return props{
		"ruleName": "tunnels", "location": "global", "enabled": true, "severity": 1.0, "evaluationFrequency": "PT5M",
		"windowSize": "PT15M", "scopes": list{s.made(azuretype.VirtualNetworkGateway, "gw", nil)},
		"actions": list{obj{"actionGroupId": s.made(azuretype.ActionGroup, "oncall", nil)}},
		"criteria": obj{
			"odataType": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
			"allOf": list{obj{
				"criterionType": "StaticThresholdCriterion", "name": "c", "metricName": "TunnelAverageBandwidth",
				"operator": "LessThan", "threshold": 1.0, "timeAggregation": "Average",
				"dimensions": list{obj{"name": "ConnectionName", "operator": "Include", "values": list{"*"}}},
			}},
		},
	}
}

func validQueryRule(s *subscription) props {
	return props{
		"ruleName": "down", "kind": kindLogAlert, "enabled": true, "severity": 1.0, "evaluationFrequency": "PT5M",
		"windowSize": "PT15M", "scopes": list{s.made(azuretype.Workspace, "logs", nil)}, "autoMitigate": true,
		"actions": obj{"actionGroups": list{s.made(azuretype.ActionGroup, "oncall", nil)}},
		"criteria": obj{"allOf": list{obj{
			"query":           `union isfuzzy=true AzureDiagnostics, (datatable(Category: string, DurationMs: long, Resource: string)[]) | where Category == "TunnelDiagnosticLog" | extend s = column_ifexists("status_s", "") | where s == "Disconnected"`,
			"timeAggregation": "Count", "operator": "GreaterThan", "threshold": 0.0,
			"failingPeriods": obj{"minFailingPeriodsToAlert": 1.0, "numberOfEvaluationPeriods": 1.0},
		}}},
	}
}

// static is the valid gateway without BGP: one that routes by address spaces.
func static(in props) {
	in.Set("enableBgp", false)
	in.Del("bgpSettings")
}
