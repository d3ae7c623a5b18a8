package schema

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

var all = []string{"aws", "azure-native", "eks", "kubernetes", "random", "tls"}

func mustLoad(t testing.TB, pkg string) *Package {
	t.Helper()
	p, err := Load(pkg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustResource(t *testing.T, token string) *Resource {
	t.Helper()
	pkg, _, _ := strings.Cut(token, ":")
	r := mustLoad(t, pkg).Resources[token]
	if r == nil {
		t.Fatalf("no resource %s", token)
	}
	return r
}

// TestSummary is what there is, on one screen.
func TestSummary(t *testing.T) {
	type summary struct {
		version              string
		resources, functions int
		modules              string
	}
	want := map[string]summary{
		"aws": {"6.83.4", 317, 25, "autoscaling cloudwatch ebs ec2 ec2transitgateway eks iam kms lb " +
			"route53 s3 secretsmanager sns sqs ssm vpc"},
		"azure-native": {"2.92.3", 48, 12, "authorization containerservice/v20240901 insights " +
			"managedidentity network operationalinsights resources storage"},
		"eks": {"3.9.1", 2, 0, "index"},
		"kubernetes": {"4.23.0", 21, 0, "apps/v1 batch/v1 core/v1 networking.k8s.io/v1 policy/v1 " +
			"rbac.authorization.k8s.io/v1 scheduling.k8s.io/v1 storage.k8s.io/v1"},
		"random": {"4.18.0", 8, 0, "index"},
		"tls":    {"5.2.0", 4, 2, "index"},
	}
	for _, pkg := range all {
		p := mustLoad(t, pkg)
		modules := map[string]bool{}
		for token := range p.Resources {
			module, _, _ := strings.Cut(token, ":"+lastPart(token))
			_, module, _ = strings.Cut(module, ":")
			if pkg == "aws" || pkg == "random" || pkg == "tls" {
				module, _, _ = strings.Cut(module, "/") // the rest repeats the name
			}
			modules[module] = true
		}
		got := summary{p.Version, len(p.Resources), len(p.Functions), strings.Join(slices.Sorted(maps.Keys(modules)), " ")}
		if got != want[pkg] {
			t.Errorf("%s\n got %+v\nwant %+v", pkg, got, want[pkg])
		}
	}
}

func lastPart(token string) string { return token[strings.LastIndex(token, ":")+1:] }

// TestAzureVersions: which API version a token speaks decides which properties
// it has.
func TestAzureVersions(t *testing.T) {
	tests := map[string]string{
		"azure-native:containerservice/v20240901:ManagedCluster": "2024-09-01",
		"azure-native:network:VirtualNetworkGateway":             "2023-02-01",
		"azure-native:network:DnsResolver":                       "2022-07-01",
		"azure-native:network:DnsResolverPolicy":                 "2023-07-01-preview",
		"azure-native:network:PrivateZone":                       "2020-06-01",
		"azure-native:managedidentity:UserAssignedIdentity":      "2023-01-31",
		"azure-native:authorization:RoleAssignment":              "2022-04-01",
		"azure-native:insights:DiagnosticSetting":                "2021-05-01-preview",
	}
	for token, want := range tests {
		if got := mustResource(t, token).APIVersion; got != want {
			t.Errorf("%s speaks %s, want %s", token, got, want)
		}
	}
	resources := mustLoad(t, "azure-native").Resources
	if resources["azure-native:containerservice:ManagedCluster"] != nil {
		t.Error("the default version of ManagedCluster is there, and no program may use it")
	}
}

// TestFacts are facts read off the SDKs by eye, one per kind of source.
func TestFacts(t *testing.T) {
	const (
		required = "required"
		secret   = "secret"
	)
	tests := []struct {
		token, path string
		output      bool
		typ, flags  string
		value       any
	}{
		{token: "aws:ec2/vpnConnection:VpnConnection", path: "customerGatewayId", typ: "a string", flags: required},
		{token: "aws:ec2/vpnConnection:VpnConnection", path: "type", typ: "a string", flags: required},
		{token: "aws:ec2/vpnConnection:VpnConnection", path: "vpnGatewayId", typ: "a string"},
		{token: "aws:ec2/vpnConnection:VpnConnection", path: "tunnel1PresharedKey", typ: "a string", flags: secret},
		{token: "aws:ec2/vpnConnection:VpnConnection", path: "tunnel1Phase1DhGroupNumbers", typ: "a list of integers"},
		{token: "aws:ec2/vpnConnection:VpnConnection", path: "tunnel1LogOptions.cloudwatchLogOptions.logEnabled", typ: "a boolean"},
		{token: "aws:ec2/vpnConnection:VpnConnection", path: "customerGatewayConfiguration", output: true, typ: "a string", flags: required + secret},
		{token: "aws:eks/cluster:Cluster", path: "vpcConfig", typ: "an object (eks.ClusterVpcConfig)", flags: required},
		{token: "aws:eks/cluster:Cluster", path: "vpcConfig.subnetIds", typ: "a list of strings", flags: required},
		{token: "aws:eks/cluster:Cluster", path: "identities[0].oidcs[0].issuer", output: true, typ: "a string"},
		{token: "aws:iam/rolePolicy:RolePolicy", path: "policy", typ: "anything", flags: required},
		{token: "azure-native:network:VirtualNetworkGatewayConnection", path: "connectionType", typ: "a string", flags: required},
		{token: "azure-native:network:VirtualNetworkGatewayConnection", path: "resourceGroupName", typ: "a string", flags: required},
		{token: "azure-native:network:VirtualNetworkGatewayConnection", path: "ipsecPolicies[*].dhGroup", typ: "a string", flags: required},
		{token: "azure-native:network:VirtualNetworkGatewayConnection", path: "trafficSelectorPolicies[*].localAddressRanges", typ: "a list of strings", flags: required},
		{token: "azure-native:network:VirtualNetworkGatewayConnection", path: "sharedKey", typ: "a string"}, // secret only if the program makes it so
		{token: "azure-native:containerservice/v20240901:ManagedCluster", path: "networkProfile.serviceCidr", typ: "a string", value: "10.0.0.0/16"},
		{token: "azure-native:containerservice/v20240901:ManagedCluster", path: "networkProfile.serviceCidrs", typ: "a list of strings"},
		{token: "azure-native:containerservice/v20240901:ManagedCluster", path: "autoUpgradeProfile.nodeOSUpgradeChannel", typ: "a string"},
		{token: "azure-native:containerservice/v20240901:ManagedCluster", path: "identity.userAssignedIdentities", typ: "a list of strings"},
		{token: "azure-native:containerservice/v20240901:ManagedCluster", path: "identity.userAssignedIdentities", output: true, typ: "a map of objects (containerservice/v20240901.ManagedClusterIdentityResponseUserAssignedIdentities)"},
		{token: "azure-native:managedidentity:UserAssignedIdentity", path: "resourceGroupName", typ: "a string", flags: required},
		{token: "azure-native:managedidentity:UserAssignedIdentity", path: "principalId", output: true, typ: "a string", flags: required},
		{token: "eks:index:Cluster", path: "serviceRole", typ: "a resource (aws:iam/role:Role)"},
		{token: "eks:index:Cluster", path: "accessEntries.admin.principalArn", typ: "a string", flags: required},
		{token: "eks:index:ManagedNodeGroup", path: "cluster", typ: "anything", flags: required},
		{token: "eks:index:ManagedNodeGroup", path: "scalingConfig.minSize", typ: "an integer", flags: required},
		{token: "kubernetes:core/v1:Service", path: "apiVersion", typ: "a string", value: "v1"},
		{token: "kubernetes:core/v1:Service", path: "spec.ports[0].port", typ: "an integer", flags: required},
		{token: "kubernetes:core/v1:Service", path: "spec.ports[0].targetPort", typ: "anything"},
		{token: "kubernetes:core/v1:Secret", path: "data", output: true, typ: "a map of strings", flags: secret},
		{token: "kubernetes:networking.k8s.io/v1:NetworkPolicy", path: `metadata.labels["app.kubernetes.io/name"]`, typ: "a string"},
		{token: "random:index/randomPassword:RandomPassword", path: "result", output: true, typ: "a string", flags: required + secret},
		{token: "tls:index/privateKey:PrivateKey", path: "privateKeyPem", output: true, typ: "a string", flags: required + secret},
	}
	for _, test := range tests {
		t.Run(test.token+" "+test.path, func(t *testing.T) {
			r := mustResource(t, test.token)
			find := r.Input
			if test.output {
				find = r.Output
			}
			p, err := find(test.path)
			if err != nil {
				t.Fatal(err)
			}
			flags := ""
			if p.Required {
				flags += required
			}
			if p.Secret {
				flags += secret
			}
			if got := p.Type.String(); got != test.typ || flags != test.flags || p.Default != test.value {
				t.Errorf("is %s %q = %v, want %s %q = %v", got, flags, p.Default, test.typ, test.flags, test.value)
			}
		})
	}
}

// TestAbsent names properties that newer APIs or providers have.
func TestAbsent(t *testing.T) {
	tests := map[string]string{
		"azure-native:network:FlowLog":               "identity",
		"azure-native:network:VirtualNetworkGateway": "allowVpnTraffic",
		"aws:ec2/vpnConnection:VpnConnection":        "tunnel1LogOptions.cloudwatchLogOptions.bgpLogEnabled",
		"eks:index:Cluster":                          "upgradePolicy",
		"kubernetes:core/v1:Service":                 "status",
		"aws:ec2/vpc:Vpc":                            "tags.Name.more",
		"aws:ec2/subnet:Subnet":                      "vpcId[0]",
	}
	for token, path := range tests {
		if p, err := mustResource(t, token).Input(path); err == nil {
			t.Errorf("%s has the input %s: %v", token, path, p)
		}
	}
}

func TestEnums(t *testing.T) {
	tests := []struct {
		token, path string
		want        []any
	}{
		{"azure-native:network:VirtualNetworkGateway", "vpnType", []any{"PolicyBased", "RouteBased"}},
		{"azure-native:containerservice/v20240901:ManagedCluster", "networkProfile.outboundType", []any{
			"loadBalancer", "userDefinedRouting", "managedNATGateway", "userAssignedNATGateway",
		}},
		{"azure-native:containerservice/v20240901:ManagedCluster", "identity.type", []any{
			"SystemAssigned", "UserAssigned", "None",
		}}, // from the Go SDK
		{"azure-native:containerservice/v20240901:ManagedCluster", "networkProfile.ipFamilies[0]", []any{"IPv4", "IPv6"}},
		{"eks:index:Cluster", "authenticationMode", []any{"CONFIG_MAP", "API", "API_AND_CONFIG_MAP"}},
		// pulumi-aws lists instance types only as suggestions.
		{"aws:ec2/instance:Instance", "instanceType", nil},
	}
	for _, test := range tests {
		p, err := mustResource(t, test.token).Input(test.path)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(p.Type.Enum, test.want) {
			t.Errorf("%s %s may be %v, want %v", test.token, test.path, p.Type.Enum, test.want)
		}
	}
}

func TestSecretsAndOutputs(t *testing.T) {
	vpn := mustResource(t, "aws:ec2/vpnConnection:VpnConnection")
	if got, want := vpn.SecretOutputs(), []string{"customerGatewayConfiguration", "tunnel1PresharedKey", "tunnel2PresharedKey"}; !slices.Equal(got, want) {
		t.Errorf("secret outputs %v, want %v", got, want)
	}
	if got, want := vpn.SecretInputs(), []string{"tunnel1PresharedKey", "tunnel2PresharedKey"}; !slices.Equal(got, want) {
		t.Errorf("secret inputs %v, want %v", got, want)
	}
	key := mustResource(t, "tls:index/privateKey:PrivateKey")
	want := []string{
		"privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8", "publicKeyFingerprintMd5",
		"publicKeyFingerprintSha256", "publicKeyOpenssh", "publicKeyPem",
	}
	if got := key.OutputOnly(); !slices.Equal(got, want) {
		t.Errorf("output only %v, want %v", got, want)
	}
}

func TestAliases(t *testing.T) {
	tests := map[string]string{
		"azure-native:containerservice/v20240901:AgentPool": "azure-native:containerservice/v20230401:AgentPool",
		"azure-native:network:Subnet":                       "azure-native:network/v20230201:Subnet",
		"kubernetes:apps/v1:Deployment":                     "kubernetes:apps/v1beta1:Deployment",
	}
	for token, want := range tests {
		if got := mustResource(t, token).Aliases; !slices.Contains(got, want) {
			t.Errorf("%s: aliases %v lack %s", token, got, want)
		}
	}
}

func TestFunctions(t *testing.T) {
	f := mustLoad(t, "aws").Functions["aws:eks/getAddonVersion:getAddonVersion"]
	if f == nil || f.Result["version"] == nil {
		t.Fatalf("getAddonVersion with a version is not there: %v", f)
	}
	got := f.Check(map[string]any{"addonName": "vpc-cni", "kubernetesVersion": 1.33, "recent": true}, noUnknown)
	want := []Violation{{"recent", UnknownProperty, "unknown property"}}
	if !slices.Equal(got, want) {
		t.Errorf("violations %v, want %v", got, want)
	}
	for pkg, token := range map[string]string{
		"aws":          "aws:index/getPartition:getPartition",
		"azure-native": "azure-native:containerservice/v20240901:listManagedClusterUserCredentials",
	} {
		if mustLoad(t, pkg).Functions[token] == nil {
			t.Errorf("no function %s", token)
		}
	}
}

func TestConfig(t *testing.T) {
	config := mustLoad(t, "aws").Config
	if got := config.Check(map[string]any{"region": "eu-west-2", "allowedAccountIds": []any{"123456789012"}}, noUnknown); got != nil {
		t.Errorf("violations %v, want none", got)
	}
	got := config.Check(map[string]any{"regoin": "eu-west-2"}, noUnknown)
	want := []Violation{{"regoin", UnknownProperty, "unknown property; did you mean region?"}}
	if !slices.Equal(got, want) {
		t.Errorf("violations %v, want %v", got, want)
	}
}

func TestLoadUnknown(t *testing.T) {
	if p, err := Load("gcp"); err == nil || !strings.Contains(err.Error(), "gcp") {
		t.Errorf("Load(gcp) = %v, %v, want an error that names it", p, err)
	}
}

// TestLinkRefuses: damaged data is an error at load, not a property less.
func TestLinkRefuses(t *testing.T) {
	tests := map[string]struct{ main, typings, want string }{
		"no JSON":      {main: `{`, want: "parse p.json"},
		"typings":      {main: `{}`, typings: `[]`, want: "parse p.typings.json"},
		"unknown type": {main: `{"config": {"a": "text"}}`, want: `unknown type "text"`},
		"no type":      {main: `{"config": {"a": ""}}`, want: "no type"},
		"default":      {main: `{"config": {"a": "string = x"}}`, want: "default in"},
		"object":       {main: `{"config": {"a": "[]#T"}}`, want: "type T is used and not defined"},
		"enum":         {main: `{"config": {"a": "@E"}}`, want: "no enum E"},
		"input":        {main: `{"resources": {"p:a:B": {"inputs": {"x": "{}?"}}}}`, want: "p:a:B: property x"},
		"output":       {main: `{"resources": {"p:a:B": {"outputs": {"x": "?"}}}}`, want: "p:a:B: property x"},
		"argument":     {main: `{"functions": {"p:a:b": {"args": {"x": "?"}}}}`, want: "p:a:b: property x"},
		"result":       {main: `{"functions": {"p:a:b": {"result": {"x": "?"}}}}`, want: "p:a:b: property x"},
		"field":        {main: `{"types": {"T": {"x": "?"}}}`, want: "T: property x"},
		"patch of nothing": {
			main: `{}`, typings: `{"patches": {"T": {}}}`, want: "patch of T: no such resource or type",
		},
		"patch of no resource": {
			main: `{}`, typings: `{"patches": {"p:a:B#inputs": {}}}`, want: "no such resource or type",
		},
		"patch requires nothing": {
			main: `{"types": {"T": {}}}`, typings: `{"patches": {"T": {"required": ["x"]}}}`, want: "no property x",
		},
		"patch without enum": {
			main: `{"types": {"T": {"x": "string"}}}`, typings: `{"patches": {"T": {"enums": {"x": "E"}}}}`,
			want: "no enum E",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			from := fstest.MapFS{"data/p.json": {Data: []byte(test.main)}}
			if test.typings != "" {
				from["data/p.typings.json"] = &fstest.MapFile{Data: []byte(test.typings)}
			}
			_, err := load(from, "p")
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	for _, pkg := range all {
		b.Run(pkg, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := load(data, pkg); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
