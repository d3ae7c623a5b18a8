package inventory

import "testing"

func TestCanonical(t *testing.T) {
	tests := map[string]string{
		"azure-native:containerservice/v20240901:ManagedCluster":       "azure-native:containerservice:ManagedCluster",
		"azure-native:network/v20230701preview:DnsResolverPolicy":      "azure-native:network:DnsResolverPolicy",
		"azure-native:network/v20200401privatepreview:X":               "azure-native:network:X",
		"azure-native:network:VirtualNetwork":                          "azure-native:network:VirtualNetwork",
		"azure-native:containerservice/v20240901:listCredentials":      "azure-native:containerservice:listCredentials",
		"kubernetes:core/v1:Namespace":                                 "kubernetes:core/v1:Namespace",
		"aws:ec2/vpcIpv4CidrBlockAssociation:Ipv4CidrBlockAssociation": "aws:ec2/vpcIpv4CidrBlockAssociation:Ipv4CidrBlockAssociation",
	}
	for token, want := range tests {
		if got := Canonical(token); got != want {
			t.Errorf("Canonical(%s) = %s, want %s", token, got, want)
		}
	}
}
