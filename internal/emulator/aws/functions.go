package aws

import (
	"fmt"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
)

// functions are the invokes that are answered.
func functions() []emulator.Function {
	return []emulator.Function{
		{Token: "aws:index/getPartition:getPartition", Call: getPartition},
		{Token: "aws:index/getRegion:getRegion", Call: getRegion},
		{Token: "aws:index/getCallerIdentity:getCallerIdentity", Call: getCallerIdentity},
		{Token: "aws:index/getAvailabilityZones:getAvailabilityZones", Call: getAvailabilityZones},
		{Token: "aws:ec2/getVpc:getVpc", Call: getVpc},
		{Token: "aws:ec2/getSubnets:getSubnets", Call: getSubnets},
		{Token: "aws:ec2/getSubnet:getSubnet", Call: getSubnet},
		{Token: "aws:ec2/getInternetGateway:getInternetGateway", Call: getInternetGateway},
		{Token: "aws:ec2/getVpnGateway:getVpnGateway", Call: getVpnGateway},
		{Token: "aws:ec2/getRouteTables:getRouteTables", Call: getRouteTables},
		{Token: "aws:ec2/getVpcDhcpOptions:getVpcDhcpOptions", Call: getVpcDhcpOptions},
		{Token: "aws:ec2/getVpcEndpoint:getVpcEndpoint", Call: getVpcEndpoint},
		{Token: "aws:ebs/getVolume:getVolume", Call: getVolume},
		{Token: "aws:eks/getAddonVersion:getAddonVersion", Call: getAddonVersion},
	}
}

func getPartition(*emulator.Call) (inventory.Props, error) {
	return inventory.Props{
		"id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws",
	}, nil
}

func getRegion(c *emulator.Call) (inventory.Props, error) {
	name := c.In.StrOr("name", c.Region())
	r, known := regions[name]
	if !known {
		return nil, c.Fault("InvalidParameterValue", "no matching EC2 Region found: %s", name)
	}
	return inventory.Props{
		"id": name, "name": name, "description": r.words, "endpoint": fmt.Sprintf("ec2.%s.amazonaws.com", name),
	}, nil
}

func getCallerIdentity(c *emulator.Call) (inventory.Props, error) {
	account := c.Account()
	return inventory.Props{
		"id": account.AWSAccount, "accountId": account.AWSAccount, "arn": sessionOf(account.CallerARN),
		"userId": fmt.Sprintf("AROA%s:burrow", letters(account.CallerARN, base32Alphabet, 17)),
	}, nil
}

// sessionOf is how STS names somebody who has assumed a role.
func sessionOf(arn string) string {
	before, role, isRole := strings.Cut(arn, ":role/")
	if !isRole {
		return arn
	}
	return strings.Replace(before, ":iam:", ":sts:", 1) + ":assumed-role/" + afterSlash(role) + "/burrow"
}

// getAvailabilityZones knows the filters by name and id; others narrow nothing
// that the emulation has.
func getAvailabilityZones(c *emulator.Call) (inventory.Props, error) {
	var names, ids []string
	for _, zone := range zonesOf(c.Region()) {
		id := zoneID(c.Region(), zone)
		if slices.Contains(c.In.Strings("excludeNames"), zone) || slices.Contains(c.In.Strings("excludeZoneIds"), id) || filtered(c, zone, id) {
			continue
		}
		names, ids = append(names, zone), append(ids, id)
	}
	return inventory.Props{
		"id": c.Region(), "names": anyList(names), "zoneIds": anyList(ids), "groupNames": []any{c.Region()},
	}, nil
}

func filtered(c *emulator.Call, zone, id string) bool {
	for _, f := range c.In.Maps("filters[*]") {
		value := map[string]string{"zone-name": zone, "zone-id": id}[f.Str("name")]
		if value != "" && !slices.Contains(f.Strings("values"), value) {
			return true
		}
	}
	return false
}

func anyList(texts []string) []any {
	list := make([]any, len(texts))
	for i, s := range texts {
		list[i] = s
	}
	return list
}
