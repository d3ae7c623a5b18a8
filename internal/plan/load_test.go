package plan

import (
	"errors"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// emulated is a world in which nothing is real.
var emulated = World{Emulated: map[string]bool{awsProvider: true, azureProvider: true}}

// load loads a configuration that must be right.
func load(t *testing.T, values map[string]string) *Plan {
	t.Helper()
	p, err := Load(values, emulated)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return p
}

// refused loads a configuration that must be wrong.
func refused(t *testing.T, values map[string]string, world World) Problems {
	t.Helper()
	p, err := Load(values, world)
	var problems Problems
	if !errors.As(err, &problems) || len(problems) == 0 {
		t.Fatalf("Load: plan %v, error %v; want Problems", p != nil, err)
	}
	if p != nil {
		t.Error("Load returned a plan beside its problems")
	}
	return problems
}

func TestLoadNothingIsDefault(t *testing.T) {
	for name, values := range map[string]map[string]string{
		"no keys":       nil,
		"empty objects": {"estate": "{}", "network": "{}", "clusters": "{}", "vpn": "{}", "dns": "{}", "k8s": "{}"},
		"empty nested":  {"network": `{"aws":{},"azure":{"subnets":{}}}`, "estate": `{"tags":{}}`},
	} {
		if got := load(t, values); !reflect.DeepEqual(got, Default()) {
			t.Errorf("%s: not the default estate: %+v", name, got)
		}
	}
}

func TestDefaultValues(t *testing.T) {
	p := Default()
	zone := p.Network.AWS.Zones[1]
	for _, test := range []struct{ what, got, want string }{
		{"zone", zone.Name, "eu-west-2b"},
		{"reserved", zone.Reserved.String(), "10.0.2.240/28"},
		{"nlb", zone.NLB.String(), "10.0.2.250"},
		{"resolver inbound", zone.ResolverInbound.String(), "10.0.2.251"},
		{"resolver outbound", zone.ResolverOutbound.String(), "10.0.2.252"},
		{"watcher", p.Network.Azure.NetworkWatcher.Name, "NetworkWatcher_uksouth"},
		{"cluster DNS", p.Clusters.AKS.DNSServiceIP.String(), "10.11.0.10"},
		{"azure inbound", p.DNS.AzureInbound.String(), "10.10.3.4"},
		{"kube-proxy", p.Clusters.EKS.Addons.KubeProxy, "v1.36.0-eksbuild.21"},
	} {
		if test.got != test.want {
			t.Errorf("%s is %s, want %s", test.what, test.got, test.want)
		}
	}
	if p.DNS.BunnyFrontend.IsValid() {
		t.Errorf("bunny has a front end: %s", p.DNS.BunnyFrontend)
	}
}

// The newest version in support is the default: a new release in the tables
// without a new default is an oversight.
func TestDefaultVersionsAreNewest(t *testing.T) {
	newest := func(known map[string]release) string {
		versions := supportedOn(known, catalogueDate)
		return versions[len(versions)-1]
	}
	if got, want := Default().Clusters.EKS.Version, newest(eksVersions); got != want {
		t.Errorf("EKS %s, want %s", got, want)
	}
	if got, want := Default().Clusters.AKS.Version, newest(aksVersions); got != want {
		t.Errorf("AKS %s, want %s", got, want)
	}
}

func TestLoadMerges(t *testing.T) {
	tests := []struct {
		name   string
		values map[string]string
		check  func(p *Plan) (got, want any)
	}{
		{"a nested value leaves its neighbours", map[string]string{"vpn": `{"awsAsn":64600}`},
			func(p *Plan) (any, any) { w := Default().VPN; w.AWSASN = 64600; return p.VPN, w }},
		{"tags are added", map[string]string{"estate": `{"tags":{"CostCentre":"42"}}`},
			func(p *Plan) (any, any) { return p.Estate.ExtraTags, map[string]string{"CostCentre": "42"} }},
		{"a list replaces the list", map[string]string{"clusters": `{"aks":{"pool":{"zones":["2"]}}}`},
			func(p *Plan) (any, any) { return p.Clusters.AKS.Pool.Zones, []string{"2"} }},
		{"a subnet moves its fixed addresses", map[string]string{"network": `{"aws":{"zones":[
			{"name":"eu-west-2a","private":"10.0.16.0/20","public":"10.0.101.0/24"},
			{"name":"eu-west-2c","private":"10.0.32.0/20","public":"10.0.102.0/24"}]}}`},
			func(p *Plan) (any, any) { return p.Network.AWS.Zones[1].NLB.String(), "10.0.47.250" }},
		{"a given block moves them too", map[string]string{"network": `{"aws":{"zones":[
			{"name":"eu-west-2a","private":"10.0.1.0/24","public":"10.0.101.0/24","reserved":"10.0.1.32/28","nlb":"10.0.1.33"},
			{"name":"eu-west-2b","private":"10.0.2.0/24","public":"10.0.102.0/24"}]}}`},
			func(p *Plan) (any, any) {
				z := p.Network.AWS.Zones[0]
				return z.NLB.String() + " " + z.ResolverInbound.String(), "10.0.1.33 10.0.1.43"
			}},
		{"a region names the zones", map[string]string{"network": `{"aws":{"region":"ca-central-1"}}`},
			func(p *Plan) (any, any) {
				return []string{p.Network.AWS.Zones[0].Name, p.Network.AWS.Zones[1].Name}, []string{"ca-central-1a", "ca-central-1b"}
			}},
		{"a region without b", map[string]string{"network": `{"aws":{"region":"ap-northeast-1"}}`},
			func(p *Plan) (any, any) { return p.Network.AWS.Zones[1].Name, "ap-northeast-1c" }},
		{"a location names the watcher", map[string]string{"network": `{"azure":{"location":"westeurope"}}`},
			func(p *Plan) (any, any) {
				return p.Network.Azure.NetworkWatcher, NetworkWatcher{"NetworkWatcher_westeurope", "NetworkWatcherRG"}
			}},
		{"services move the cluster's DNS", map[string]string{"clusters": `{"aks":{"serviceCidr":"10.12.0.0/16"}}`},
			func(p *Plan) (any, any) { return p.Clusters.AKS.DNSServiceIP.String(), "10.12.0.10" }},
		{"API clients", map[string]string{"clusters": `{"eks":{"apiClients":["10.0.8.0/24"]}}`},
			func(p *Plan) (any, any) { return p.Clusters.EKS.APIClients, []netip.Prefix{prefix("10.0.8.0/24")} }},
		{"a resolver subnet moves its address", map[string]string{"network": `{"azure":{"subnets":{"resolverInbound":"10.10.4.0/26"}}}`},
			func(p *Plan) (any, any) { return p.DNS.AzureInbound.String(), "10.10.4.4" }},
		{"a version brings its kube-proxy", map[string]string{"clusters": `{"eks":{"version":"1.35"}}`},
			func(p *Plan) (any, any) { return p.Clusters.EKS.Addons.KubeProxy, "v1.35.0-eksbuild.2" }},
		{"empty means derived", map[string]string{"dns": `{"azureInbound":"","bunnyFrontend":""}`},
			func(p *Plan) (any, any) { return p.DNS, Default().DNS }},
		{"a front end", map[string]string{"dns": `{"bunnyFrontend":"10.10.1.20"}`},
			func(p *Plan) (any, any) { return p.DNS.BunnyFrontend.String(), "10.10.1.20" }},
		{"the conservative suite", map[string]string{"vpn": `{"suite":"aes256-sha256-modp2048"}`},
			func(p *Plan) (any, any) { return p.VPN.AlgorithmSuite().AWS.Phase1DHGroups, []int{14} }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, want := test.check(load(t, test.values))
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// Two estates in one account get two storage accounts, legal and stable.
func TestStorageAccount(t *testing.T) {
	form := constraints["network.azure.storageAccount"].Pattern
	seen := map[string]string{}
	for _, estate := range []string{`{}`, `{"suffix":"blue"}`, `{"suffix":"green"}`, `{"project":"other"}`, `{"environment":"prod"}`} {
		name := load(t, map[string]string{"estate": estate}).Network.Azure.StorageAccount
		if !form.MatchString(name) {
			t.Errorf("estate %s: illegal name %s", estate, name)
		}
		if other, twice := seen[name]; twice {
			t.Errorf("estates %s and %s share %s", estate, other, name)
		}
		seen[name] = estate
	}
	if again := Default().Network.Azure.StorageAccount; seen[again] != `{}` {
		t.Errorf("the default estate's account is now %s", again)
	}
}

func TestUnknownKeysNameTheNearest(t *testing.T) {
	tests := []struct{ section, value, key, nearest string }{
		{"netwrok", `{}`, "netwrok", "network"},
		{"VPN", `{}`, "VPN", "vpn"},
		{"region", `eu-west-1`, "region", "network.aws.region"},
		{"network", `{"aws":{"regoin":"eu-west-1"}}`, "network.aws.regoin", "network.aws.region"},
		{"network", `{"aws":{"CIDR":"10.0.0.0/16"}}`, "network.aws.CIDR", "network.aws.cidr"},
		{"estate", `{"nodePort":30443}`, "estate.nodePort", "k8s.relay.nodePort"},
		{"vpn", `{"tunnels":[{"instance":0,"number":1,"inside":"169.254.21.0/30","keyGenration":2}]}`,
			"vpn.tunnels[0].keyGenration", "vpn.tunnels[0].keyGeneration"},
		{"clusters", `{"aks":{"pool":{"vmsize":"Standard_B2ms"}}}`, "clusters.aks.pool.vmsize", "clusters.aks.pool.vmSize"},
	}
	for _, test := range tests {
		t.Run(test.key, func(t *testing.T) {
			problems := refused(t, map[string]string{test.section: test.value}, emulated)
			i := slices.IndexFunc(problems, func(p Problem) bool { return p.Key == test.key })
			if i < 0 {
				t.Fatalf("no problem at %s: %v", test.key, problems)
			}
			complete(t, problems[i])
			if !strings.Contains(problems[i].Reason, test.nearest) || !strings.Contains(problems[i].Remedy, test.nearest) {
				t.Errorf("%v does not name %s", problems[i], test.nearest)
			}
		})
	}
}

// What somebody puts under an unknown key may be a secret, and messages end up
// in logs.
func TestSecretsAreNotShown(t *testing.T) {
	for _, value := range []string{
		`{"preSharedKey":"hunter2hunter2"}`,
		`{"password":"hunter2hunter2"}`,
		`{"auth":{"value":"hunter2hunter2"}}`,
		`{"list":["hunter2hunter2"]}`,
		`{"tunnels":[{"psk":"hunter2hunter2"}]}`,
	} {
		if text := refused(t, map[string]string{"vpn": value}, emulated).Error(); strings.Contains(text, "hunter2") {
			t.Errorf("%s: shown in %s", value, text)
		}
	}
}

func TestWrongTypes(t *testing.T) {
	tests := []struct{ section, value, key, shown, remedy string }{
		{"vpn", `[]`, "vpn", "a list of 0 items", "an object"},
		{"vpn", `"text"`, "vpn", "text", "an object"},
		{"vpn", `plain text`, "vpn", "plain text", "an object"},
		{"vpn", `{"awsAsn":1} {}`, "vpn", `{"awsAsn":1} {}`, "an object"},
		{"vpn", `{"awsAsn":"64512"}`, "vpn.awsAsn", "64512", "a whole number"},
		{"vpn", `{"awsAsn":-1}`, "vpn.awsAsn", "-1", "a whole number from 0"},
		{"vpn", `{"awsAsn":1e3}`, "vpn.awsAsn", "1e3", "a whole number"},
		{"vpn", `{"tunnels":{}}`, "vpn.tunnels", "an empty object", "a list"},
		{"vpn", `{"tunnels":["x"]}`, "vpn.tunnels[0]", "x", "an object"},
		{"clusters", `{"eks":{"version":1.36}}`, "clusters.eks.version", "1.36", `put it in quotes: "1.36"`},
		{"clusters", `{"eks":{"nodes":{"min":1.5}}}`, "clusters.eks.nodes.min", "1.5", "a whole number"},
		{"clusters", `{"eks":{"adminRoleArns":"x"}}`, "clusters.eks.adminRoleArns", "x", "a list"},
		{"clusters", `{"aks":{"authorizedRanges":["198.51.100.300"]}}`, "clusters.aks.authorizedRanges[0]", "198.51.100.300", "or an address"},
		{"network", `{"aws":null}`, "network.aws", "null", "leave the key out"},
		{"network", `{"aws":{"accountId":210987654321}}`, "network.aws.accountId", "210987654321", "in quotes"},
		{"network", `{"aws":{"cidr":"10.0.0.0/33"}}`, "network.aws.cidr", "10.0.0.0/33", "an IPv4 range"},
		{"network", `{"azure":{"cidr":10}}`, "network.azure.cidr", "10", "an IPv4 range"},
		{"dns", `{"azureInbound":"10.10.3"}`, "dns.azureInbound", "10.10.3", "an IPv4 address"},
		{"estate", `{"tags":{"Team":7}}`, "estate.tags.Team", "7", "in quotes"},
		{"estate", `{"tags":"none"}`, "estate.tags", "none", "an object of strings"},
		{"estate", `{"owner":true}`, "estate.owner", "true", "a string"},
	}
	for _, test := range tests {
		t.Run(test.key+"="+test.shown, func(t *testing.T) {
			problems := refused(t, map[string]string{test.section: test.value}, emulated)
			i := slices.IndexFunc(problems, func(p Problem) bool { return p.Key == test.key })
			if i < 0 {
				t.Fatalf("no problem at %s: %v", test.key, problems)
			}
			p := problems[i]
			complete(t, p)
			if !strings.HasPrefix(p.Value, test.shown) || !strings.Contains(p.Remedy, test.remedy) {
				t.Errorf("value %q, remedy %q; want %q, %q", p.Value, p.Remedy, test.shown, test.remedy)
			}
		})
	}
}

// One wrong value is one problem: what cannot be read is not judged as well,
// nor is what lies beneath it or is derived from it.
func TestOneFaultIsOneProblem(t *testing.T) {
	for section, values := range map[string][]string{
		"network": {
			`{"aws":{"cidr":"10.0.0.0/33"}}`, `{"aws":{"region":"mars"}}`, `{"aws":{"region":7}}`, `{"aws":{"zones":7}}`,
			`{"azure":{"subnets":{"resolverInbound":"x"}}}`, `{"azure":{"subnets":{"nodes":""}}}`, `{"azure":{"location":7}}`,
			`{"aws":{"zones":["x",{"name":"eu-west-2b","private":"10.0.2.0/24","public":"10.0.102.0/24"}]}}`,
			`{"aws":{"zones":[{"name":"eu-west-2a","private":"10.0.1.0/29","public":"10.0.101.0/24"},{"name":"eu-west-2b","private":"10.0.2.0/24","public":"10.0.102.0/24"}]}}`,
		},
		"clusters": {`{"aks":{"serviceCidr":"x"}}`, `{"eks":{"version":1.36}}`, `{"eks":{"version":"1.12"}}`, `{"aks":{"authorizedRanges":[""]}}`,
			`{"eks":{"apiClients":7}}`, `{"eks":{"apiClients":[""]}}`, `{"eks":{"apiClients":["10.0.8.1/24"]}}`, `{"eks":{"apiClients":["10.0.0.0/8"]}}`},
		"vpn": {`{"sku":"VpnGw9AZ"}`, `{"suite":""}`, `{"tunnels":null}`, `{"awsAsn":0}`},
		"dns": {`{"azureInbound":"x"}`, `{"awsZone":""}`},
	} {
		for _, value := range values {
			if problems := refused(t, map[string]string{section: value}, emulated); len(problems) != 1 {
				t.Errorf("%s %s: %d problems\n%v", section, value, len(problems), problems)
			}
		}
	}
}

func TestAllProblemsAtOnceInOrder(t *testing.T) {
	problems := refused(t, map[string]string{
		"vpn":    `{"sku":"Basic","azureAsn":64512}`,
		"estate": `{"suffix":"-","ownr":"x"}`,
		"dns":    `{"awsZone":"internal"}`,
	}, emulated)
	want := []string{"dns.awsZone", "estate.ownr", "estate.suffix", "vpn.azureAsn", "vpn.sku"}
	if got := problemKeys(problems); !slices.Equal(got, want) {
		t.Errorf("problems at %v, want %v", got, want)
	}
	text := problems.Error()
	for _, part := range []string{"5 problems; nothing was changed", "vpn.sku = Basic", "AVG-04", "remedy: write"} {
		if !strings.Contains(text, part) {
			t.Errorf("the message lacks %q:\n%s", part, text)
		}
	}
}

func TestToday(t *testing.T) {
	later := day(2027, time.May, 1)
	world := World{Emulated: map[string]bool{awsProvider: true}, Today: later}
	if got := world.today(awsProvider); !got.Equal(catalogueDate) {
		t.Errorf("emulated AWS lives on %s, want %s", got, catalogueDate)
	}
	if got := world.today(azureProvider); !got.Equal(later) {
		t.Errorf("real Azure lives on %s, want %s", got, later)
	}
	if got := (World{}).today(awsProvider); got.Before(catalogueDate.AddDate(-5, 0, 0)) {
		t.Errorf("the present day is %s", got)
	}
}

func TestVersionsByDate(t *testing.T) {
	tests := []struct {
		today time.Time
		eks   string
		aks   string
	}{
		{day(2026, time.November, 23), "1.34 1.35 1.36", "1.34 1.35 1.36"},
		{day(2026, time.December, 2), "1.34 1.35 1.36", "1.35 1.36"},
		{day(2026, time.December, 3), "1.35 1.36", "1.35 1.36"},
		{day(2027, time.July, 1), "1.36", ""},
		{day(2028, time.January, 1), "", ""},
	}
	for _, test := range tests {
		if got := strings.Join(supportedOn(eksVersions, test.today), " "); got != test.eks {
			t.Errorf("EKS on %s: %s, want %s", test.today, got, test.eks)
		}
		if got := strings.Join(supportedOn(aksVersions, test.today), " "); got != test.aks {
			t.Errorf("AKS on %s: %s, want %s", test.today, got, test.aks)
		}
	}
}

// An estate whose versions have ended is refused by real clouds, with the day.
func TestEndedVersions(t *testing.T) {
	world := World{Emulated: maps.Clone(emulated.Emulated), Today: day(2028, time.January, 1)}
	if _, err := Load(nil, world); err != nil {
		t.Errorf("emulated clouds do not age: %v", err)
	}
	world.Emulated = nil
	text := refused(t, nil, world).Error()
	for _, part := range []string{"clusters.eks.version = 1.36", "2027-08-31 (EKS-09)", "clusters.aks.version = 1.36", "2027-06-30 (AKS-14)", "newer Burrow"} {
		if !strings.Contains(text, part) {
			t.Errorf("the message lacks %q:\n%s", part, text)
		}
	}
}
