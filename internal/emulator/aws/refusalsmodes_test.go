package aws

// linkRefusals are about what hangs between transit gateways and their attachments.
func linkRefusals() []refusal {
	onVPN := "=tgwOnVPN.transitGatewayAttachmentId"
	return []refusal{
		{"association beside the default", "tgwAssociation", onCreate, "AWV-38", "Resource.AlreadyAssociated",
			props{"transitGatewayRouteTableId": "=tgwOnTable", "transitGatewayAttachmentId": onVPN}},
		{"association twice", "tgwAssociation", onCreate, "AWV-38", "Resource.AlreadyAssociated", nil},
		{"propagation twice", "tgwPropagation", onCreate, "AWV-38", "TransitGatewayRouteTablePropagation.Duplicate", nil},
		{"propagation beside the default", "tgwPropagation", onCreate, "AWV-38", "TransitGatewayRouteTablePropagation.Duplicate",
			props{"transitGatewayRouteTableId": "=tgwOn.propagationDefaultRouteTableId", "transitGatewayAttachmentId": onVPN}},
		{"no default table", "tgwIn", onUpdate, "AWV-38", "MissingParameter", props{"transitGatewayDefaultRouteTableAssociation": true}},
		{"no default table to learn", "tgwIn", onUpdate, "AWV-38", "MissingParameter", props{"transitGatewayDefaultRouteTablePropagation": true}},
		{"default table too late", "tgwOnIn", onUpdate, "AWV-38", "Resource.AlreadyAssociated", props{"transitGatewayDefaultRouteTableAssociation": true}},
		{"subnet of another VPC", "tgwIn", onUpdate, "AWV-38", "InvalidParameterValue", props{"subnetIds": []any{"=private1"}}},
		{"wide ASN", "tgw", onCheck, "AWV-38", "", props{"amazonSideAsn": 4294967295}},
		{"inline to an unattached gateway", "publicTable", onCreate, "AWV-39", "InvalidTransitGatewayID.NotFound",
			props{"routes[1]": props{"cidrBlock": "10.10.0.0/16", "transitGatewayId": "=tgw"}}},
		{"gateway with attachments", "tgwOn", onDelete, "in use", "IncorrectState", nil},
		{"table with an association", "tgwOnTable", onDelete, "in use", "IncorrectState", nil},
	}
}

// staticRefusals are about connections with static routes.
func staticRefusals() []refusal {
	return []refusal{
		{"host bits", "staticRoute", onCreate, "AWV-27", "InvalidParameterValue", props{"destinationCidrBlock": "10.10.0.1/16"}},
		{"twice", "staticRoute", onCreate, "AWV-27", "InvalidParameterValue", nil},
		{"on a transit gateway", "staticRoute", onCreate, "AWV-27", "InvalidParameterCombination", props{"vpnConnectionId": "=tgwOnVPN"}},
		{"left behind", "static", onUpdate, "AWV-27", "IncorrectState", props{"vpnGatewayId": nil, "transitGatewayId": "=tgwOn"}},
	}
}

func endpointRefusals() []refusal {
	return []refusal{
		{"policy JSON", "s3", onCheck, "IAM-03", "", props{"policy": "{"}},
		{"policy without principal", "s3", onUpdate, "IAM-03", "InvalidPolicyDocument", props{"policy": mayWrite}},
		{"subnet of another VPC", "sts", onUpdate, "VPC-32", "InvalidParameter", props{"subnetIds": []any{"=other1"}}},
		{"group of another VPC", "sts", onUpdate, "VPC-32", "InvalidParameter", props{"securityGroupIds": []any{"=elsewhere"}}},
		{"second gateway in a table", "s3", onCreate, "VPC-32", "RouteAlreadyExists", nil},
		{"service of another region", "s3", onCreate, "VPC-35", "InvalidServiceName", props{"serviceName": "com.amazonaws.us-east-1.s3"}},
	}
}

func prefixListRefusals() []refusal {
	list := []refusal{{"older rule", "oldRule", onCreate, "VPC-23", "InvalidPrefixListID.NotFound", props{"cidrBlocks": nil, "prefixListIds": []any{"pl-0"}}}}
	for _, of := range []string{"in", "out"} {
		list = append(list, refusal{of, of, onCreate, "VPC-23", "InvalidPrefixListID.NotFound",
			props{"cidrIpv4": nil, "referencedSecurityGroupId": nil, "prefixListId": "pl-0"}})
	}
	return list
}

func typeRefusals() []refusal {
	const invalid = "InvalidParameterException"
	return []refusal{
		{"no such size", "nodes", onCreate, "EKS-28", invalid, props{"instanceTypes": []any{"t3.tiny"}}},
		{"no such family", "nodes", onCreate, "EKS-28", invalid, props{"instanceTypes": []any{"t3.medium", "q5.large"}}},
		{"Graviton by default", "nodes", onCreate, "EKS-24", invalid, props{"instanceTypes": []any{"t4g.medium"}}},
		{"Graviton on x86", "nodes", onCreate, "EKS-24", invalid, props{"instanceTypes": []any{"m7gd.large"}, "amiType": "BOTTLEROCKET_x86_64"}},
		{"MTU as a number", "cni", onUpdate, "EKS-32", invalid, props{"configurationValues": `{"env":{"AWS_VPC_ENI_MTU":1400}}`}},
		{"x86 on Graviton", "nodes", onCreate, "EKS-24", invalid, props{"amiType": "AL2023_ARM_64_STANDARD"}},
	}
}

// growthRefusals are about a third zone for what exists.
func growthRefusals() []refusal {
	return []refusal{
		{"cluster in a new zone", "cluster", onUpdate, "EKS-03", "InvalidParameterException", props{"vpcConfig.subnetIds[2]": "=far"}},
		{"another subnet in a zone", "nlb", onUpdate, "NLB-02", "InvalidConfigurationRequest", props{"subnetMappings[1]": props{"subnetId": "=public2"}}},
		{"another address in place", "nlb", onUpdate, "NLB-02", "InvalidConfigurationRequest", props{"subnetMappings[1].privateIpv4Address": "10.0.2.249"}},
		{"third address reserved", "nlb", onUpdate, "NLB-03", "InvalidConfigurationRequest",
			props{"subnetMappings[2]": props{"subnetId": "=far", "privateIpv4Address": "10.0.3.3"}}},
		{"no room for a third", "nlb", onUpdate, "NLB-02", "InvalidSubnet", props{"subnetMappings[2]": props{"subnetId": "=tight"}}},
	}
}
