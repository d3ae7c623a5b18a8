package aws

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"burrow/internal/emulator"
	"burrow/internal/emulator/schema"
	"burrow/internal/inventory/awstype"
)

// An estate is one of everything, made in the order of its references.
type estate struct {
	*lab
	steps []step
	made  map[string]thing
}

// A step makes one thing. Its inputs may name earlier things as "=name" (the id)
// or "=name.output".
type step struct {
	name, typ string
	in        props
}

type thing struct {
	step
	id      string
	in, out props
}

const (
	trustEKS  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession"],"Principal":{"Service":["eks.amazonaws.com"]}}]}`
	trustEC2  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}]}`
	trustFlow = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"vpc-flow-logs.amazonaws.com"}}}`
	mayWrite  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:PutLogEvents"],"Resource":"*"}]}`
	keyPolicy = `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"kms:*","Resource":"*","Principal":{"AWS":"arn:aws:iam::123456789012:root"}},
		{"Effect":"Allow","Action":["kms:Encrypt*","kms:Decrypt*","kms:GenerateDataKey*"],"Resource":"*",
		 "Principal":{"Service":"logs.eu-west-2.amazonaws.com"}}]}`
	mayDeliver = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:PutLogEvents","Resource":"*","Principal":{"Service":"delivery.logs.amazonaws.com"}}]}`
	admin      = "arn:aws:iam::123456789012:role/administrator"
	managed    = "arn:aws:iam::aws:policy/"
)

func tags(name string) props { return props{"Name": name, "Project": "burrow"} }

// blueprint is the estate. It is close to what Burrow makes, and has besides one
// of every type that Burrow does not use yet.
func blueprint() []step {
	return slices.Concat(networkSteps(), logSteps(), gatewaySteps(), clusterSteps(), balancerSteps(), dnsSteps(), otherSteps(), watchSteps(), filterSteps(), dhcpSteps(), documentSteps(), volumeSteps())
}

// everything is an entry of a network ACL that lets all through.
func everything(number int) props {
	return props{"ruleNo": number, "action": "allow", "protocol": "-1", "cidrBlock": "0.0.0.0/0", "fromPort": 0, "toPort": 0}
}

func networkSteps() []step {
	list := []step{
		{"vpc", awstype.Vpc, props{"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": true, "enableDnsSupport": true, "tags": tags("burrow-vpc")}},
		{"igw", awstype.InternetGateway, props{"vpcId": "=vpc", "tags": tags("igw")}},
		{"defaultGroup", awstype.DefaultSecurityGroup, props{"vpcId": "=vpc", "tags": tags("default")}},
		{"defaultACL", awstype.DefaultNetworkAcl, props{"defaultNetworkAclId": "=vpc.defaultNetworkAclId", "tags": tags("default"),
			"ingress": []any{everything(100)}, "egress": []any{everything(100)}}},
		{"defaultTable", awstype.DefaultRouteTable, props{"defaultRouteTableId": "=vpc.defaultRouteTableId", "tags": tags("default")}},
	}
	for i, zone := range []string{"a", "b"} {
		n := fmt.Sprint(i + 1)
		list = append(list,
			step{"private" + n, awstype.Subnet, props{"vpcId": "=vpc", "cidrBlock": "10.0." + n + ".0/24", "availabilityZone": "eu-west-2" + zone, "tags": tags("private")}},
			step{"public" + n, awstype.Subnet, props{"vpcId": "=vpc", "cidrBlock": "10.0.10" + n + ".0/24", "availabilityZone": "eu-west-2" + zone, "tags": tags("public")}},
			step{"reserved" + n, awstype.SubnetCidrReservation, props{"subnetId": "=private" + n, "cidrBlock": "10.0." + n + ".240/28", "reservationType": "explicit"}},
			step{"eip" + n, awstype.Eip, props{"domain": "vpc", "tags": tags("nat")}},
			step{"nat" + n, awstype.NatGateway, props{"allocationId": "=eip" + n, "subnetId": "=public" + n, "tags": tags("nat")}},
			step{"table" + n, awstype.RouteTable, props{"vpcId": "=vpc", "tags": tags("private")}},
			step{"out" + n, awstype.Route, props{"routeTableId": "=table" + n, "destinationCidrBlock": "0.0.0.0/0", "natGatewayId": "=nat" + n}},
			step{"tableOf" + n, awstype.RouteTableAssociation, props{"routeTableId": "=table" + n, "subnetId": "=private" + n}},
		)
	}
	return append(list,
		step{"publicTable", awstype.RouteTable, props{"vpcId": "=vpc", "tags": tags("public"), "routes": []any{
			props{"cidrBlock": "0.0.0.0/0", "gatewayId": "=igw"},
		}}},
		step{"publicOf1", awstype.RouteTableAssociation, props{"routeTableId": "=publicTable", "subnetId": "=public1"}},
		step{"publicOf2", awstype.RouteTableAssociation, props{"routeTableId": "=publicTable", "subnetId": "=public2"}},
		step{"publicOut", awstype.Route, props{"routeTableId": "=publicTable", "destinationCidrBlock": "192.0.2.0/24", "gatewayId": "=igw"}},
		step{"acl", awstype.NetworkAcl, props{"vpcId": "=vpc", "tags": tags("acl"), "ingress": []any{
			props{"ruleNo": 90, "action": "deny", "protocol": "tcp", "cidrBlock": "10.9.0.0/16", "fromPort": 22, "toPort": 22},
			everything(200),
		}, "egress": []any{everything(200)}}},
		step{"aclRule", awstype.NetworkAclRule, props{"networkAclId": "=acl", "ruleNumber": 100, "protocol": "tcp", "ruleAction": "allow",
			"egress": false, "cidrBlock": "10.10.1.0/24", "fromPort": 1024, "toPort": 65535}},
		step{"aclOf1", awstype.NetworkAclAssociation, props{"networkAclId": "=acl", "subnetId": "=private1"}},
		step{"group", awstype.SecurityGroup, props{"name": "burrow-nlb", "description": "NLB of relay", "vpcId": "=vpc", "tags": tags("nlb")}},
		step{"in", awstype.SecurityGroupIngressRule, props{"securityGroupId": "=group", "ipProtocol": "tcp", "fromPort": 8443, "toPort": 8443, "cidrIpv4": "10.10.1.0/24", "tags": tags("in")}},
		step{"outTo", awstype.SecurityGroupEgressRule, props{"securityGroupId": "=group", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.10.1.0/24", "tags": tags("out")}},
		step{"nodeGroupSG", awstype.SecurityGroup, props{"name": "burrow-nodes", "description": "nodes", "vpcId": "=vpc", "tags": tags("nodes"),
			"ingress": []any{props{"protocol": "tcp", "fromPort": 30080, "toPort": 30080, "securityGroups": []any{"=group"}}},
			"egress": []any{
				props{"protocol": "tcp", "fromPort": 443, "toPort": 443, "securityGroups": []any{"=group"}},
				props{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": []any{"0.0.0.0/0"}},
			}}},
		step{"apiIn", awstype.SecurityGroupIngressRule, props{"securityGroupId": "=group", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "referencedSecurityGroupId": "=nodeGroupSG"}},
		step{"out", awstype.SecurityGroupEgressRule, props{"securityGroupId": "=group", "ipProtocol": "tcp", "fromPort": 30080, "toPort": 30080, "referencedSecurityGroupId": "=nodeGroupSG", "tags": tags("out")}},
		step{"inFrom", awstype.SecurityGroupIngressRule, props{"securityGroupId": "=nodeGroupSG", "ipProtocol": "tcp", "fromPort": 9443, "toPort": 9443, "referencedSecurityGroupId": "=group", "tags": tags("in")}},
		step{"oldRule", awstype.SecurityGroupRule, props{"securityGroupId": "=group", "type": "ingress", "protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": []any{"10.10.2.0/24"}}},
		step{"oldRuleFrom", awstype.SecurityGroupRule, props{"securityGroupId": "=group", "type": "ingress", "protocol": "udp", "fromPort": 53, "toPort": 53, "sourceSecurityGroupId": "=nodeGroupSG"}},
	)
}

func logSteps() []step {
	return []step{
		{"key", awstype.Key, props{"description": "logs", "enableKeyRotation": true, "policy": keyPolicy, "tags": tags("key")}},
		{"alias", awstype.Alias, props{"name": "alias/burrow", "targetKeyId": "=key"}},
		{"aliasByARN", awstype.Alias, props{"name": "alias/burrow-too", "targetKeyId": "=key.arn"}},
		{"logs", awstype.LogGroup, props{"name": "/burrow/flow", "retentionInDays": 90, "kmsKeyId": "=key.arn", "tags": tags("flow")}},
		{"clusterLogs", awstype.LogGroup, props{"name": "/aws/eks/eks-relay-cluster/cluster", "retentionInDays": 90, "kmsKeyId": "=key.arn", "tags": tags("eks")}},
		{"mayLog", awstype.LogResourcePolicy, props{"policyName": "burrow", "policyDocument": mayDeliver}},
		{"flowRole", awstype.Role, props{"name": "burrow-flow", "assumeRolePolicy": trustFlow, "tags": tags("flow")}},
		{"flowPolicy", awstype.RolePolicy, props{"name": "write", "role": "=flowRole", "policy": mayWrite}},
		{"flow", awstype.FlowLog, props{"vpcId": "=vpc", "trafficType": "ALL", "logDestination": "=logs.arn", "iamRoleArn": "=flowRole.arn", "maxAggregationInterval": 60, "tags": tags("flow")}},
		{"subnetFlow", awstype.FlowLog, props{"subnetId": "=private1", "trafficType": "REJECT", "logDestination": "=logs.arn", "iamRoleArn": "=flowRole.arn", "tags": tags("flow")}},
		{"topic", awstype.Topic, props{"name": "burrow-alarms", "tags": tags("alarms")}},
		{"alarm", awstype.MetricAlarm, props{"name": "tunnel", "comparisonOperator": "LessThanThreshold", "evaluationPeriods": 2, "metricName": "TunnelState",
			"namespace": "AWS/VPN", "period": 60, "statistic": "Minimum", "threshold": 1, "treatMissingData": "breaching", "alarmActions": []any{"=topic"}, "tags": tags("alarm")}},
	}
}

func gatewaySteps() []step {
	list := []step{
		{"vgw", awstype.VpnGateway, props{"amazonSideAsn": "64512", "tags": tags("vgw")}},
		{"vgwIn", awstype.VpnGatewayAttachment, props{"vpcId": "=vpc", "vpnGatewayId": "=vgw"}},
		{"learn1", awstype.VpnGatewayRoutePropagation, props{"routeTableId": "=table1", "vpnGatewayId": "=vgw"}},
		{"learn2", awstype.VpnGatewayRoutePropagation, props{"routeTableId": "=table2", "vpnGatewayId": "=vgw"}},
	}
	for i, address := range []string{"203.0.113.10", "203.0.113.11"} {
		n := fmt.Sprint(i)
		in := props{"customerGatewayId": "=cgw" + n, "vpnGatewayId": "=vgw", "type": "ipsec.1", "tags": tags("vpn")}
		for j, tunnel := range tunnels {
			maps.Copy(in, props{
				tunnel + "InsideCidr":                 fmt.Sprintf("169.254.%d.%d/30", 21+j, 4*i),
				tunnel + "PresharedKey":               fmt.Sprintf("key_of_tunnel.%d.%d", i, j),
				tunnel + "IkeVersions":                []any{"ikev2"},
				tunnel + "StartupAction":              "start",
				tunnel + "DpdTimeoutAction":           "restart",
				tunnel + "DpdTimeoutSeconds":          45,
				tunnel + "Phase1DhGroupNumbers":       []any{20},
				tunnel + "Phase1EncryptionAlgorithms": []any{"AES256-GCM-16"},
				tunnel + "Phase1IntegrityAlgorithms":  []any{"SHA2-384"},
				tunnel + "Phase1LifetimeSeconds":      28800,
				tunnel + "Phase2DhGroupNumbers":       []any{20},
				tunnel + "Phase2EncryptionAlgorithms": []any{"AES256-GCM-16"},
				tunnel + "Phase2IntegrityAlgorithms":  []any{"SHA2-256"},
				tunnel + "Phase2LifetimeSeconds":      3600,
			})
		}
		list = append(list,
			step{"cgw" + n, awstype.CustomerGateway, props{"type": "ipsec.1", "ipAddress": address, "bgpAsn": "65515", "tags": tags("cgw")}},
			step{"vpn" + n, awstype.VpnConnection, in},
		)
	}
	return list
}

func clusterSteps() []step {
	list := []step{
		{"eksRole", awstype.Role, props{"name": "burrow-eks", "assumeRolePolicy": trustEKS, "tags": tags("eks")}},
		{"eksPolicy", awstype.RolePolicyAttachment, props{"role": "=eksRole", "policyArn": managed + "AmazonEKSClusterPolicy"}},
		{"cluster", awstype.Cluster, props{
			"name": "eks-relay-cluster", "version": "1.35", "roleArn": "=eksRole.arn", "enabledClusterLogTypes": []any{"api", "audit"},
			"accessConfig":            props{"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": false},
			"encryptionConfig":        props{"provider": props{"keyArn": "=key.arn"}, "resources": []any{"secrets"}},
			"kubernetesNetworkConfig": props{"serviceIpv4Cidr": "172.20.0.0/16"},
			"upgradePolicy":           props{"supportType": "STANDARD"},
			"vpcConfig": props{"endpointPrivateAccess": true, "endpointPublicAccess": false,
				"subnetIds": []any{"=private1", "=private2"}, "securityGroupIds": []any{"=group"}},
			"tags": tags("eks"),
		}},
		{"entry", awstype.AccessEntry, props{"clusterName": "=cluster", "principalArn": admin, "tags": tags("admin")}},
		{"adminPolicy", awstype.AccessPolicyAssociation, props{"clusterName": "=cluster", "principalArn": admin,
			"policyArn": accessPrefix + "AmazonEKSClusterAdminPolicy", "accessScope": props{"type": "cluster"}}},
		{"nodeRole", awstype.Role, props{"name": "burrow-node", "assumeRolePolicy": trustEC2, "tags": tags("node")}},
		{"profile", awstype.InstanceProfile, props{"name": "burrow-node", "role": "=nodeRole", "tags": tags("node")}},
	}
	for i, name := range []string{"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonEKS_CNI_Policy", "AmazonSSMManagedInstanceCore"} {
		list = append(list, step{fmt.Sprint("nodePolicy", i), awstype.RolePolicyAttachment, props{"role": "=nodeRole", "policyArn": managed + name}})
	}
	return append(list,
		step{"template", awstype.LaunchTemplate, props{"name": "burrow-node", "vpcSecurityGroupIds": []any{"=nodeGroupSG"}, "tags": tags("node"),
			"metadataOptions": props{"httpTokens": "required", "httpEndpoint": "enabled", "httpPutResponseHopLimit": 1}}},
		step{"nodes", awstype.NodeGroup, props{
			"clusterName": "=cluster", "nodeGroupName": "eks-relay-nodegroup", "nodeRoleArn": "=nodeRole.arn", "version": "1.35",
			"subnetIds": []any{"=private1", "=private2"}, "instanceTypes": []any{"t3.medium"},
			"launchTemplate": props{"id": "=template", "version": "1"},
			"scalingConfig":  props{"minSize": 1, "desiredSize": 2, "maxSize": 3}, "tags": tags("nodes"),
		}},
		step{"cni", awstype.Addon, props{"clusterName": "=cluster", "addonName": "vpc-cni", "addonVersion": "v1.22.4-eksbuild.3", "tags": tags("cni"),
			"configurationValues": `{"enableNetworkPolicy":"true"}`, "resolveConflictsOnCreate": "OVERWRITE", "resolveConflictsOnUpdate": "OVERWRITE"}},
		step{"proxy", awstype.Addon, props{"clusterName": "=cluster", "addonName": "kube-proxy", "addonVersion": "v1.35.0-eksbuild.2"}},
		step{"coredns", awstype.Addon, props{"clusterName": "=cluster", "addonName": "coredns", "addonVersion": "v1.14.3-eksbuild.16"}},
		step{"agent", awstype.Addon, props{"clusterName": "=cluster", "addonName": "eks-pod-identity-agent", "serviceAccountRoleArn": "=nodeRole.arn"}},
		step{"pod", awstype.PodIdentityAssociation, props{"clusterName": "=cluster", "namespace": "relay", "serviceAccount": "relay", "roleArn": "=nodeRole.arn", "tags": tags("pod")}},
		step{"ebsRole", awstype.Role, props{"name": "burrow-ebs", "assumeRolePolicy": trustPods, "tags": tags("ebs")}},
		step{"ebsPolicy", awstype.RolePolicy, props{"name": "attach", "role": "=ebsRole", "policy": mayAttach}},
		step{"ebs", awstype.Addon, props{"clusterName": "=cluster", "addonName": "aws-ebs-csi-driver", "addonVersion": "v1.66.0-eksbuild.1",
			"podIdentityAssociations": []any{props{"serviceAccount": "ebs-csi-controller-sa", "roleArn": "=ebsRole.arn"}}}},
	)
}

func balancerSteps() []step {
	return []step{
		{"nlb", awstype.LoadBalancer, props{
			"name": "relay-nlb", "internal": true, "loadBalancerType": "network", "enableCrossZoneLoadBalancing": true,
			"securityGroups": []any{"=group"}, "tags": tags("nlb"), "subnetMappings": []any{
				props{"subnetId": "=private1", "privateIpv4Address": "10.0.1.250"}, props{"subnetId": "=private2", "privateIpv4Address": "10.0.2.250"},
			},
		}},
		{"targets", awstype.TargetGroup, props{"name": "relay", "port": 30080, "protocol": "TCP", "vpcId": "=vpc", "preserveClientIp": "true",
			"healthCheck": props{"protocol": "TCP", "port": "30080", "interval": 10, "timeout": 6, "healthyThreshold": 2, "unhealthyThreshold": 2}, "tags": tags("relay")}},
		{"listener", awstype.Listener, props{"loadBalancerArn": "=nlb", "port": 8443, "protocol": "TCP", "tcpIdleTimeoutSeconds": 350,
			"defaultActions": []any{props{"type": "forward", "targetGroupArn": "=targets"}}, "tags": tags("relay")}},
		{"members", awstype.AutoscalingAttachment, props{"autoscalingGroupName": "=nodes.resources[0].autoscalingGroups[0].name", "lbTargetGroupArn": "=targets"}},
		{"publicEip", awstype.Eip, props{"domain": "vpc"}},
		{"publicNLB", awstype.LoadBalancer, props{"name": "outside", "loadBalancerType": "network", "subnetMappings": []any{
			props{"subnetId": "=public1", "allocationId": "=publicEip"},
		}}},
		{"alb", awstype.LoadBalancer, props{"name": "web", "internal": true, "subnets": []any{"=private1", "=private2"}}},
		{"webTargets", awstype.TargetGroup, props{"name": "web", "port": 80, "protocol": "HTTP", "targetType": "ip", "vpcId": "=vpc"}},
		{"webListener", awstype.Listener, props{"loadBalancerArn": "=alb", "port": 80, "protocol": "HTTP", "defaultActions": []any{
			props{"type": "forward", "forward": props{"targetGroups": []any{props{"arn": "=webTargets"}}}},
		}}},
		{"member", awstype.TargetGroupAttachment, props{"targetGroupArn": "=webTargets", "targetId": "10.10.1.20", "port": 80, "availabilityZone": "all"}},
	}
}

func dnsSteps() []step {
	endpoint := func(direction, last string) props {
		return props{"name": "burrow-" + strings.ToLower(direction), "direction": direction, "securityGroupIds": []any{"=group"}, "tags": tags(direction),
			"ipAddresses": []any{props{"subnetId": "=private1", "ip": "10.0.1." + last}, props{"subnetId": "=private2", "ip": "10.0.2." + last}}}
	}
	return []step{
		{"zone", awstype.Zone, props{"name": "private.aws.internal", "vpcs": []any{props{"vpcId": "=vpc"}}, "tags": tags("zone")}},
		{"relay", awstype.Record, props{"zoneId": "=zone", "name": "relay.private.aws.internal", "type": "A",
			"aliases": []any{props{"name": "=nlb.dnsName", "zoneId": "=nlb.zoneId", "evaluateTargetHealth": true}}}},
		{"text", awstype.Record, props{"zoneId": "=zone", "name": "note", "type": "TXT", "ttl": 300, "records": []any{"hello"}}},
		{"inbound", awstype.ResolverEndpoint, endpoint("INBOUND", "251")},
		{"outbound", awstype.ResolverEndpoint, endpoint("OUTBOUND", "252")},
		{"rule", awstype.ResolverRule, props{"name": "burrow-to-azure", "ruleType": "FORWARD", "domainName": "private.azure.internal",
			"resolverEndpointId": "=outbound", "targetIps": []any{props{"ip": "10.10.2.4", "port": 53}}, "tags": tags("rule")}},
		{"ruleIn", awstype.ResolverRuleAssociation, props{"name": "burrow", "resolverRuleId": "=rule", "vpcId": "=vpc"}},
		{"queryLog", awstype.ResolverQueryLogConfig, props{"name": "burrow", "destinationArn": "=logs.arn", "tags": tags("queries")}},
		{"queryLogOf", awstype.ResolverQueryLogConfigAssociation, props{"resolverQueryLogConfigId": "=queryLog", "resourceId": "=vpc"}},
	}
}

// otherSteps is one of each type that Burrow does not use yet.
func otherSteps() []step {
	return []step{
		{"policy", awstype.Policy, props{"name": "burrow", "policy": mayWrite, "tags": tags("policy")}},
		{"policyOf", awstype.RolePolicyAttachment, props{"role": "=flowRole", "policyArn": "=policy"}},
		{"boundRole", awstype.Role, props{"name": "bound", "assumeRolePolicy": trustEC2, "permissionsBoundary": "=policy", "managedPolicyArns": []any{"=policy"}, "tags": tags("role")}},
		{"vpc2", awstype.Vpc, props{"cidrBlock": "10.1.0.0/16", "enableDnsHostnames": true, "tags": tags("other")}},
		{"other1", awstype.Subnet, props{"vpcId": "=vpc2", "cidrBlock": "10.1.1.0/24", "availabilityZone": "eu-west-2a"}},
		{"igw2", awstype.InternetGateway, props{"tags": tags("igw")}},
		{"igw2In", awstype.InternetGatewayAttachment, props{"internetGatewayId": "=igw2", "vpcId": "=vpc2"}},
		{"zone2", awstype.ZoneAssociation, props{"zoneId": "=zone", "vpcId": "=vpc2"}},
		{"vgw2", awstype.VpnGateway, props{"vpcId": "=vpc2", "tags": tags("vgw")}},
		{"otherTable", awstype.RouteTable, props{"vpcId": "=vpc2", "propagatingVgws": []any{"=vgw2"}}},
		{"edge", awstype.RouteTableAssociation, props{"routeTableId": "=otherTable", "gatewayId": "=igw2"}},
		{"static", awstype.VpnConnection, props{"customerGatewayId": "=cgw0", "vpnGatewayId": "=vgw2", "type": "ipsec.1", "staticRoutesOnly": true}},
		{"staticRoute", awstype.VpnConnectionRoute, props{"vpnConnectionId": "=static", "destinationCidrBlock": "10.10.0.0/16"}},
		{"tgw", awstype.TransitGateway, props{"tags": tags("tgw"), "defaultRouteTableAssociation": "disable", "defaultRouteTablePropagation": "disable"}},
		{"tgwIn", awstype.TransitVpcAttachment, props{"transitGatewayId": "=tgw", "vpcId": "=vpc2", "subnetIds": []any{"=other1"}, "tags": tags("tgw")}},
		{"tgwTable", awstype.TransitRouteTable, props{"transitGatewayId": "=tgw", "tags": tags("tgw")}},
		{"tgwRoute", awstype.TransitRoute, props{"transitGatewayRouteTableId": "=tgwTable", "destinationCidrBlock": "10.10.0.0/16", "transitGatewayAttachmentId": "=tgwIn"}},
		{"tgwVPN", awstype.VpnConnection, props{"customerGatewayId": "=cgw1", "transitGatewayId": "=tgw", "type": "ipsec.1", "enableAcceleration": true, "tags": tags("vpn")}},
		{"tgwAssociation", awstype.TransitRouteTableAssociation, props{"transitGatewayRouteTableId": "=tgwTable", "transitGatewayAttachmentId": "=tgwIn"}},
		{"tgwPropagation", awstype.TransitRouteTablePropagation, props{"transitGatewayRouteTableId": "=tgwTable", "transitGatewayAttachmentId": "=tgwVPN.transitGatewayAttachmentId"}},
		{"toTgw", awstype.Route, props{"routeTableId": "=otherTable", "destinationCidrBlock": "10.10.0.0/16", "transitGatewayId": "=tgw"}},
		{"s3", awstype.VpcEndpoint, props{"vpcId": "=vpc", "serviceName": "com.amazonaws.eu-west-2.s3", "routeTableIds": []any{"=table1"}, "tags": tags("s3")}},
		{"sts", awstype.VpcEndpoint, props{"vpcId": "=vpc", "serviceName": "com.amazonaws.eu-west-2.sts", "vpcEndpointType": "Interface", "privateDnsEnabled": true,
			"subnetIds": []any{"=private1"}, "securityGroupIds": []any{"=group"}}},
		{"machines", awstype.AutoscalingGroup, props{"name": "machines", "minSize": 0, "maxSize": 1, "vpcZoneIdentifiers": []any{"=private1"},
			"launchTemplate": props{"id": "=template"}, "targetGroupArns": []any{"=targets"}}},
	}
}

// newEstate makes the whole blueprint.
func newEstate(t *testing.T) *estate {
	t.Helper()
	e := &estate{lab: newLab(t), made: map[string]thing{}}
	for _, s := range blueprint() {
		e.make(s)
	}
	return e
}

// make checks and creates one thing, and compares what came with the schema.
func (e *estate) make(s step) thing {
	e.t.Helper()
	in, failures := e.check(s.typ, s.name, e.resolve(s.in))
	if failures != "" {
		e.t.Fatalf("check %s: %s", s.name, failures)
	}
	id, out, err := e.create(s.typ, s.name, in)
	if err != nil {
		e.t.Fatalf("create %s: %v", s.name, err)
	}
	made := thing{s, id, in, out}
	e.steps, e.made[s.name] = append(e.steps, s), made
	return made
}

// resolve puts ids and outputs where inputs name things.
func (e *estate) resolve(in props) props {
	return props(e.resolved(map[string]any(in.Clone())).(map[string]any))
}

func (e *estate) resolved(v any) any {
	switch v := v.(type) {
	case string:
		if name, ok := strings.CutPrefix(v, "="); ok {
			return e.value(name)
		}
	case map[string]any:
		for k, el := range v {
			v[k] = e.resolved(el)
		}
	case []any:
		for i, el := range v {
			v[i] = e.resolved(el)
		}
	}
	return v
}

func (e *estate) value(name string) string {
	e.t.Helper()
	name, output, _ := strings.Cut(name, ".")
	made, ok := e.made[name]
	switch {
	case !ok:
		e.t.Fatalf("the estate has no %s", name)
	case output != "":
		if made.out.Str(output) == "" {
			e.t.Fatalf("%s has no output %s", name, output)
		}
		return made.out.Str(output)
	}
	return made.id
}

// absent are blocks that AWS does not return for what the estate has of a type.
var absent = map[string][]string{
	awstype.Listener:         {"mutualAuthentication"},
	awstype.AutoscalingGroup: {"availabilityZoneDistribution", "capacityReservationSpecification", "mixedInstancesPolicy"},
}

// The estate comes up, a change of nothing is accepted everywhere, a refresh
// changes no input, and it goes away without a trace.
func TestEstate(t *testing.T) {
	e := newEstate(t)
	pkg, err := schema.Load("aws")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range e.steps {
		made := e.made[s.name]
		for _, v := range emulator.CheckOutputs(pkg.Resources[s.typ], made.out) {
			if !slices.Contains(absent[s.typ], v.Path) {
				t.Errorf("%s: output %v", s.name, v)
			}
		}
		if _, err := e.update(s.typ, s.name, made.id, made.in, made.in); err != nil {
			t.Errorf("update of nothing on %s: %v", s.name, err)
		}
	}
	e.refreshes(t)
	e.destroys(t)
}

func (e *estate) refreshes(t *testing.T) {
	t.Helper()
	// Whoever has inline routes, entries or rules and rules of their own beside
	// them sees inputs flip (PRV-15).
	flips := []string{"publicTable", "acl", "nodeGroupSG", "zone", "boundRole"}
	for _, s := range e.steps {
		made := e.made[s.name]
		in, _ := e.read(s.typ, s.name, made.id, made.in, made.out)
		if !slices.Contains(flips, s.name) && fmt.Sprint(in) != fmt.Sprint(made.in) {
			t.Errorf("refresh of %s changes inputs:\n%v\n%v", s.name, made.in, in)
		}
	}
}

func (e *estate) destroys(t *testing.T) {
	t.Helper()
	for _, s := range slices.Backward(e.steps) {
		if err := e.delete(s.typ, s.name, e.made[s.name].id); err != nil {
			t.Errorf("delete %s: %v", s.name, err)
		}
	}
	for _, o := range e.objects() {
		if o.ID != deliveryPolicy { // AWS keeps what it wrote by itself (LOG-19)
			t.Errorf("left over: %s %s", o.Type, o.ID)
		}
	}
}

// Every kind of the tables is in the estate.
func TestEstateIsComplete(t *testing.T) {
	inside := map[string]bool{}
	for _, s := range blueprint() {
		inside[s.typ] = true
	}
	for _, k := range Cloud().Kinds {
		if !inside[k.Type] {
			t.Errorf("the estate has no %s", k.Type)
		}
	}
}
