package aws

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"burrow/internal/emulator"
	"burrow/internal/emulator/schema"
	"burrow/internal/inventory/awstype"
)

// Every type, path, reference, code and source of the tables holds against the
// schema of the provider.
func TestTables(t *testing.T) {
	pkg, err := schema.Load("aws")
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range Cloud().Lint(pkg) {
		t.Error(problem)
	}
}

// An error of any kind says what was attempted, on what, by which operation.
func TestErrorsHaveWords(t *testing.T) {
	worded := regexp.MustCompile(`^1 error occurred:\n\t\* (creating|updating|deleting|reading) [A-Z][^:]+: operation error [A-Z][^:,]+: [A-Z][A-Za-z]+, https response error StatusCode: 400, (api error )?Odd: no\n$`)
	cloud := Cloud()
	for _, k := range cloud.Kinds {
		for _, op := range []emulator.Op{emulator.OpCreate, emulator.OpUpdate, emulator.OpDelete, emulator.OpRead} {
			c := &emulator.Call{Op: op, Kind: k, In: props{}, ID: "id"}
			if text := cloud.Wrap(c, &emulator.Fault{Code: "Odd", Message: "no"}); !worded.MatchString(text) {
				t.Errorf("%s says %q", k.Type, text)
			}
		}
	}
}

func kindOf(t *testing.T, typ string) *emulator.Kind {
	t.Helper()
	for _, k := range Cloud().Kinds {
		if k.Type == typ {
			return k
		}
	}
	t.Fatalf("no kind %s", typ)
	return nil
}

// A reference to what does not exist is refused with the cloud's code, and each
// reference of the tables is somewhere in the estate.
func TestDanglingReferences(t *testing.T) {
	e := newEstate(t)
	seen := map[string]bool{}
	for _, s := range e.steps {
		made := e.made[s.name]
		for _, ref := range kindOf(t, s.typ).Refs {
			made.in.Each(ref.Path, func(path string, v any) {
				seen[s.typ+" "+ref.Path] = true
				nothing := dangling(v)
				if ref.Foreign != nil && ref.Foreign(nothing) {
					return // looked up by a rule
				}
				in := made.in.Clone()
				rename(in)
				in.Set(path, nothing)
				_, _, err := e.create(s.typ, "another", in)
				t.Run(s.name+"/"+path, func(t *testing.T) { refused(t, err, ref.Missing, "reference") })
			})
		}
	}
	for _, k := range Cloud().Kinds {
		for _, ref := range k.Refs {
			if !seen[k.Type+" "+ref.Path] && !unused[k.Type+" "+ref.Path] {
				t.Errorf("the estate has no %s of a %s", ref.Path, k.Type)
			}
		}
	}
}

// unused are references of properties that nothing in the estate has, because
// they exclude what it has.
var unused = map[string]bool{
	awstype.RouteTable + " routes[*].natGatewayId":                 true,
	awstype.RouteTable + " routes[*].transitGatewayId":             true,
	awstype.RouteTable + " routes[*].vpcEndpointId":                true,
	awstype.DefaultRouteTable + " routes[*].gatewayId":             true,
	awstype.DefaultRouteTable + " routes[*].natGatewayId":          true,
	awstype.DefaultRouteTable + " routes[*].transitGatewayId":      true,
	awstype.DefaultRouteTable + " routes[*].vpcEndpointId":         true,
	awstype.Route + " vpcEndpointId":                               true,
	awstype.NetworkAcl + " subnetIds[*]":                           true,
	awstype.DefaultNetworkAcl + " subnetIds[*]":                    true,
	awstype.DefaultSecurityGroup + " ingress[*].securityGroups[*]": true,
	awstype.DefaultSecurityGroup + " egress[*].securityGroups[*]":  true,
	awstype.NodeGroup + " launchTemplate.name":                     true,
	awstype.NodeGroup + " remoteAccess.sourceSecurityGroupIds[*]":  true,
}

// dangling is an identifier like the given one that names nothing.
func dangling(v any) string {
	s := fmt.Sprint(v)
	if strings.HasPrefix(s, managed) {
		return s + "NoSuch"
	}
	return s + "f0"
}

// What others refer to cannot be deleted, where AWS says so, and the code is AWS's.
func TestDeletesInUse(t *testing.T) {
	e := newEstate(t)
	seen := map[string]bool{}
	for _, s := range e.steps {
		made := e.made[s.name]
		for _, ref := range kindOf(t, s.typ).Refs {
			made.in.Each(ref.Path, func(_ string, v any) {
				target, ok := e.target(ref, fmt.Sprint(v))
				if !ok || ref.InUse == "" || seen[target.name] {
					return
				}
				seen[target.name] = true
				err := e.delete(target.typ, target.name, target.id)
				if err == nil {
					t.Fatalf("%s was deleted although %s refers to it", target.name, s.name)
				}
				if codes := inUseCodes(t, target.typ); !slices.ContainsFunc(codes, func(code string) bool {
					return strings.Contains(err.Error(), code+": ")
				}) {
					t.Errorf("delete %s: %v, want one of %v", target.name, err, codes)
				}
			})
		}
	}
}

// target is the thing of the estate that a reference leads to.
func (e *estate) target(ref emulator.Ref, value string) (thing, bool) {
	for _, s := range e.steps {
		made := e.made[s.name]
		named := made.id
		if ref.By != "" {
			named = made.out.Str(ref.By)
		}
		if slices.Contains(ref.To, s.typ) && named == value {
			return made, true
		}
	}
	return thing{}, false
}

// inUseCodes are those with which a delete of the type may be refused.
func inUseCodes(t *testing.T, typ string) []string {
	var codes []string
	for _, k := range Cloud().Kinds {
		for _, ref := range k.Refs {
			if slices.Contains(ref.To, typ) && ref.InUse != "" {
				codes = append(codes, ref.InUse)
			}
		}
	}
	for _, r := range kindOf(t, typ).Rules {
		if r.On&emulator.OpDelete != 0 {
			codes = append(codes, r.Code)
		}
	}
	return codes
}

// A second thing with the same name is refused with the cloud's code.
func TestNamesTaken(t *testing.T) {
	e := newEstate(t)
	tried := map[string]bool{}
	for _, s := range e.steps {
		for _, u := range kindOf(t, s.typ).Unique {
			_, _, err := e.create(s.typ, "another", e.made[s.name].in)
			refused(t, err, u.Code, "unique")
			tried[s.typ] = true
		}
	}
	for _, k := range Cloud().Kinds {
		if len(k.Unique) > 0 && !tried[k.Type] {
			t.Errorf("the estate has no %s", k.Type)
		}
	}
}

// A change of what the tables name replaces, and a change of tags does not.
func TestReplacements(t *testing.T) {
	l := newLab(t)
	for _, k := range Cloud().Kinds {
		for _, r := range k.Replace {
			if r.When != nil {
				continue // see TestReplacementsByValue
			}
			in := props{}
			in.Set(strings.ReplaceAll(r.Path, "[*]", "[0]"), "changed")
			if res := l.diff(k.Type, props{}, in); len(res.GetReplaces()) == 0 {
				t.Errorf("%s: a change of %s does not replace", k.Type, r.Path)
			}
		}
		if res := l.diff(k.Type, props{}, props{"tags": tags("other")}); len(res.GetReplaces()) > 0 {
			t.Errorf("%s: a change of tags replaces", k.Type)
		}
	}
}

func (l *lab) diff(typ string, olds, news props) *pulumirpc.DiffResponse {
	l.t.Helper()
	res, err := l.rpc.Diff(l.t.Context(), &pulumirpc.DiffRequest{
		Urn: urn(typ, "diff"), Id: "id", OldInputs: l.wire(olds), Olds: l.wire(olds), News: l.wire(news),
	})
	if err != nil {
		l.t.Fatalf("diff %s: %v", typ, err)
	}
	return res
}

// What costs an outage and what does not, by the words of the catalogue.
func TestCostsOfChanges(t *testing.T) {
	l := newLab(t)
	for _, c := range []struct {
		typ, path string
		replaces  bool
		rule      string
	}{
		{awstype.VpnConnection, "tunnel1PresharedKey", false, "AWV-37"},
		{awstype.VpnConnection, "customerGatewayId", false, "AWV-37"},
		{awstype.VpnConnection, "tunnel1InsideCidr", true, "AWV-37"},
		{awstype.VpnConnection, "enableAcceleration", true, "AWV-26"},
		{awstype.VpnGateway, "amazonSideAsn", true, "AWV-04"},
		{awstype.CustomerGateway, "ipAddress", true, "AWV-02"},
		{awstype.Subnet, "availabilityZone", true, "VPC-05"},
		{awstype.VpcDhcpOptions, "domainNameServers", true, "PRO-12"},
		{awstype.VpcDhcpOptionsAssociation, "dhcpOptionsId", false, "PRO-12"},
		{awstype.SecurityGroupIngressRule, "toPort", false, "VPC-23"},
		{awstype.VpnConnection, "vpnGatewayId", false, "AWV-28"},
		{awstype.VpnConnection, "transitGatewayId", false, "AWV-28"},
		{awstype.VpnConnection, "staticRoutesOnly", true, "AWV-27"},
		{awstype.VpnConnectionRoute, "destinationCidrBlock", true, "AWV-27"},
		{awstype.TransitGateway, "amazonSideAsn", true, "AWV-38"},
		{awstype.TransitVpcAttachment, "subnetIds", false, "AWV-38"},
		{awstype.TransitVpcAttachment, "vpcId", true, "AWV-38"},
		{awstype.TransitRouteTableAssociation, "transitGatewayAttachmentId", true, "AWV-38"},
		{awstype.Route, "transitGatewayId", false, "AWV-39"},
		{awstype.VpcEndpoint, "subnetIds", false, "VPC-32"},
		{awstype.VpcEndpoint, "policy", false, "VPC-32"},
		{awstype.VpcEndpoint, "serviceName", true, "VPC-35"},
		{awstype.NodeGroup, "subnetIds", true, "EKS-28"},
		{awstype.NodeGroup, "nodeGroupName", true, "EKS-22"},
		{awstype.NodeGroup, "instanceTypes", true, "EKS-24"},
		{awstype.SecurityGroup, "description", true, "VPC-22"},
		{awstype.Cluster, "version", false, "EKS-10"},
		{awstype.Cluster, "vpcConfig.subnetIds", false, "EKS-03"},
		{awstype.Cluster, "kubernetesNetworkConfig.serviceIpv4Cidr", true, "EKS-11"},
		{awstype.Cluster, "accessConfig.bootstrapClusterCreatorAdminPermissions", true, "EKS-14"},
		{awstype.NodeGroup, "version", false, "EKS-10"},
		{awstype.NodeGroup, "launchTemplate.version", false, "EKS-25"},
		{awstype.NodeGroup, "amiType", true, "EKS-24"},
		{awstype.LoadBalancer, "internal", true, "NLB-05"},
		{awstype.TargetGroup, "port", true, "NLB-11"},
		{awstype.VpnConnection, "tunnel1LogOptions", false, "AWV-28"},
		{awstype.LogGroup, "kmsKeyId", false, "LOG-18"},
		{awstype.LogGroup, "logGroupClass", true, "LOG-17"},
		{awstype.MetricAlarm, "alarmActions", false, "LOG-15"},
		{awstype.CompositeAlarm, "alarmRule", false, "LOG-15"},
		{awstype.CompositeAlarm, "actionsEnabled", true, "LOG-15"},
		{awstype.Dashboard, "dashboardBody", false, "PRO-14"},
		{awstype.Volume, "availabilityZone", true, "EBS-01"},
		{awstype.Volume, "type", false, "EBS-02"},
		{awstype.Volume, "size", false, "EBS-07"},
		{awstype.Volume, "iops", false, "EBS-04"},
		{awstype.Volume, "throughput", false, "EBS-04"},
		{awstype.Volume, "multiAttachEnabled", true, "EBS-02"},
		{awstype.Volume, "encrypted", true, "EBS-05"},
		{awstype.Volume, "kmsKeyId", true, "EBS-05"},
		{awstype.Volume, "snapshotId", true, "EBS-03"},
		{awstype.Volume, "finalSnapshot", false, "EBS-15"},
		{awstype.Document, "content", false, "SSM-02"},
		{awstype.Document, "name", true, "SSM-01"},
		{awstype.Document, "documentType", true, "SSM-01"},
		{awstype.Dashboard, "dashboardName", true, "PRO-14"},
		{awstype.Topic, "kmsMasterKeyId", false, "PRO-12"},
		{awstype.Topic, "fifoTopic", true, "PRO-12"},
		{awstype.TopicPolicy, "policy", false, "IAM-03"},
		{awstype.TopicSubscription, "filterPolicy", false, "PRO-12"},
		{awstype.TopicSubscription, "endpoint", true, "PRO-12"},
		{awstype.ResolverQueryLogConfig, "destinationArn", true, "R53-17"},
		{awstype.FlowLog, "transitGatewayAttachmentId", true, "VPC-30"},
		{awstype.ResolverEndpoint, "ipAddresses", false, "R53-09"},
		{awstype.ResolverEndpoint, "securityGroupIds", true, "R53-12"},
		{awstype.ResolverEndpoint, "direction", true, "R53-11"},
		{awstype.ResolverRule, "targetIps", false, "R53-14"},
		{awstype.FlowLog, "maxAggregationInterval", true, "VPC-30"},
	} {
		in := props{}
		in.Set(c.path, "changed")
		if got := len(l.diff(c.typ, props{}, in).GetReplaces()) > 0; got != c.replaces {
			t.Errorf("%s: a change of %s replaces: %t, want %t (%s)", c.typ, c.path, got, c.replaces, c.rule)
		}
	}
}

// An unknown input breaks no rule of the provider: a preview knows no ids.
func TestUnknownsKeepEveryRule(t *testing.T) {
	const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
	e := newEstate(t)
	for _, s := range e.steps {
		made := e.made[s.name]
		for _, name := range slices.Sorted(maps.Keys(made.in)) {
			in := made.in.Clone()
			in[name] = unknown
			if _, failures := e.check(s.typ, s.name, in); failures != "" {
				t.Errorf("%s with an unknown %s: %s", s.name, name, failures)
			}
		}
	}
}

// Every quota refuses with its code when it is used up.
func TestQuotas(t *testing.T) {
	for _, q := range quotas() {
		t.Run(q.Name, func(t *testing.T) {
			world, err := emulator.Open(filepath.Join(t.TempDir(), "world.db"), emulator.Options{
				Wait:    func(context.Context, time.Duration) {},
				Account: emulator.Account{Quotas: map[string]int{q.Name: 0}},
			})
			if err != nil {
				t.Fatal(err)
			}
			e := &estate{lab: serveWorld(t, world), made: map[string]thing{}}
			for _, s := range blueprint() {
				if s.typ == q.Type {
					_, _, err := e.create(s.typ, s.name, e.resolve(s.in))
					refused(t, err, q.Code, "quota")
					return
				}
				if !sharesName(q, s.typ) {
					e.make(s)
				}
			}
			t.Fatalf("the estate has no %s", q.Type)
		})
	}
}

// sharesName says that a quota of the same name limits the type.
func sharesName(q emulator.Quota, typ string) bool {
	return slices.ContainsFunc(quotas(), func(other emulator.Quota) bool { return other.Name == q.Name && other.Type == typ })
}

// Tags are refused by every type that has them, with its service's codes.
func TestTagRules(t *testing.T) {
	e := newEstate(t)
	many := props{}
	for i := range maxTags + 1 {
		many[fmt.Sprint("key", i)] = "v"
	}
	pkg, err := schema.Load("aws")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range e.steps {
		if _, taggable := pkg.Resources[s.typ].Inputs["tags"]; !taggable || s.typ == awstype.AutoscalingGroup {
			continue
		}
		made := e.made[s.name]
		for _, bad := range []props{
			many, {"aws:reserved": "v"}, {strings.Repeat("k", 129): "v"}, {"long": strings.Repeat("v", 257)},
		} {
			in := made.in.Clone()
			in["tags"] = map[string]any(bad)
			_, err := e.update(s.typ, s.name, made.id, made.in, in)
			if err == nil || !strings.Contains(err.Error(), "emulated rule: TAG-01;") {
				t.Errorf("%s takes %d tags such as %v: %v", s.name, len(bad), slices.Collect(maps.Keys(bad))[0], err)
			}
		}
	}
}

// Services other than EC2 take letters, digits and a few signs only.
func TestTagCharset(t *testing.T) {
	for _, c := range []struct {
		tagging    tagging
		key, value string
		broken     bool
	}{
		{ec2Tags, "what?", "100%", false},
		{iamTags, "what?", "v", true},
		{iamTags, "k", "100%", true},
		{eksTags, "kubernetes.io/role/internal-elb", "1", false},
		{elbTags, "Größe", "a b", false},
		{ec2Tags, "", "v", true},
		{ec2Tags, "AWS:x", "v", true},
	} {
		if got := c.tagging.broken(c.key, c.value) != ""; got != c.broken {
			t.Errorf("%s=%s is broken: %t, want %t", c.key, c.value, got, c.broken)
		}
	}
}
