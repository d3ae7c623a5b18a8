package eks

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// A registration is one call of RegisterResource, with URNs shortened to names.
type registration struct {
	Type         string         `json:"type"`
	Name         string         `json:"name"`
	Parent       string         `json:"parent"`
	Inputs       map[string]any `json:"inputs"`
	Dependencies []string       `json:"dependencies"`
	OutputKeys   []string       `json:"outputKeys,omitempty"` // of components
}

// An invocation is one call of a function.
type invocation struct {
	Token string         `json:"token"`
	Args  map[string]any `json:"args"`
}

// A recording is what components did.
type recording struct {
	Resources []*registration `json:"resources"`
	Invokes   []invocation    `json:"invokes"`
}

func (r *recording) find(typ, name string) *registration {
	for _, reg := range r.Resources {
		if reg.Type == typ && reg.Name == name {
			return reg
		}
	}
	return nil
}

// A monitor is an engine that takes every registration, answers with outputs
// such as a cloud's, and remembers.
type monitor struct {
	pulumirpc.UnimplementedResourceMonitorServer
	pulumirpc.UnimplementedEngineServer

	address string
	preview bool // what AWS would invent is unknown

	mu        sync.Mutex
	recording recording
	states    map[string]resource.PropertyMap // by URN, with "id" beside "state"
	ids       map[string]string
}

func newMonitor(t *testing.T) *monitor {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &monitor{address: listener.Addr().String(), states: map[string]resource.PropertyMap{}, ids: map[string]string{}}
	s := grpc.NewServer()
	pulumirpc.RegisterResourceMonitorServer(s, m)
	pulumirpc.RegisterEngineServer(s, m)
	go func() { _ = s.Serve(listener) }() // ends with Stop
	t.Cleanup(s.Stop)
	return m
}

// keepAll keeps what properties may hold besides plain values.
var keepAll = plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, KeepResources: true, KeepOutputValues: true}

func (m *monitor) SupportsFeature(
	_ context.Context, req *pulumirpc.SupportsFeatureRequest,
) (*pulumirpc.SupportsFeatureResponse, error) {
	supported := []string{"secrets", "resourceReferences", "outputValues", "aliasSpecs"}
	return &pulumirpc.SupportsFeatureResponse{HasSupport: slices.Contains(supported, req.GetId())}, nil
}

func (m *monitor) RegisterResource(
	_ context.Context, req *pulumirpc.RegisterResourceRequest,
) (*pulumirpc.RegisterResourceResponse, error) {
	inputs, err := plugin.UnmarshalProperties(req.GetObject(), keepAll)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	urn := makeURN(req.GetParent(), req.GetType(), req.GetName())
	dependencies := names(req.GetDependencies())
	for _, d := range req.GetPropertyDependencies() {
		dependencies = append(dependencies, names(d.GetUrns())...)
	}
	slices.Sort(dependencies)
	m.recording.Resources = append(m.recording.Resources, &registration{
		Type: req.GetType(), Name: req.GetName(), Parent: nameOf(req.GetParent()),
		Inputs: plainMap(inputs), Dependencies: slices.Compact(dependencies),
	})
	state := inputs
	if req.GetCustom() {
		m.ids[urn] = "id-" + req.GetName()
		state = cloudOutputs(req.GetType(), inputs)
		if m.preview {
			m.ids[urn] = ""
			state = unknownUnlessGiven(state, inputs)
		}
	}
	m.states[urn] = state
	object, err := plugin.MarshalProperties(state, keepAll)
	return &pulumirpc.RegisterResourceResponse{Urn: urn, Id: m.ids[urn], Object: object}, err
}

func (m *monitor) RegisterResourceOutputs(
	_ context.Context, req *pulumirpc.RegisterResourceOutputsRequest,
) (*emptypb.Empty, error) {
	outputs, err := plugin.UnmarshalProperties(req.GetOutputs(), keepAll)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	urn := req.GetUrn()
	m.states[urn] = outputs
	if r := m.recording.find(typeOf(urn), nameOf(urn)); r != nil {
		for key, v := range outputs {
			if !open(v).IsNull() {
				r.OutputKeys = append(r.OutputKeys, string(key))
			}
		}
		slices.Sort(r.OutputKeys)
	}
	return &emptypb.Empty{}, nil
}

func (m *monitor) Invoke(_ context.Context, req *pulumirpc.ResourceInvokeRequest) (*pulumirpc.InvokeResponse, error) {
	args, err := plugin.UnmarshalProperties(req.GetArgs(), keepAll)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	answer, err := m.answer(req.GetTok(), args)
	if err != nil {
		return nil, err
	}
	object, err := plugin.MarshalProperties(answer, keepAll)
	return &pulumirpc.InvokeResponse{Return: object}, err
}

func (m *monitor) answer(token string, args resource.PropertyMap) (resource.PropertyMap, error) {
	if token == "pulumi:pulumi:getResource" {
		urn := open(args["urn"]).StringValue()
		return resource.PropertyMap{
			"urn": resource.NewProperty(urn), "id": resource.NewProperty(m.ids[urn]),
			"state": resource.NewProperty(m.states[urn]),
		}, nil
	}
	m.recording.Invokes = append(m.recording.Invokes, invocation{token, plainMap(args)})
	switch token {
	case "aws:index/getPartition:getPartition":
		return resource.NewPropertyMapFromMap(map[string]any{
			"partition": "aws", "dnsSuffix": "amazonaws.com", "id": "aws", "reverseDnsPrefix": "com.amazonaws",
		}), nil
	case "aws:eks/getAddonVersion:getAddonVersion":
		return resource.NewPropertyMapFromMap(map[string]any{"version": "v1.20.0-eksbuild.1"}), nil
	default:
		return nil, fmt.Errorf("unexpected function %s", token)
	}
}

func (m *monitor) Log(context.Context, *pulumirpc.LogRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (m *monitor) GetRootResource(
	context.Context, *pulumirpc.GetRootResourceRequest,
) (*pulumirpc.GetRootResourceResponse, error) {
	return &pulumirpc.GetRootResourceResponse{Urn: stackURN}, nil
}

func (m *monitor) SetRootResource(
	context.Context, *pulumirpc.SetRootResourceRequest,
) (*pulumirpc.SetRootResourceResponse, error) {
	return &pulumirpc.SetRootResourceResponse{}, nil
}

// cloudOutputs are what AWS would add to the inputs, as far as the component
// reads it.
func cloudOutputs(typ string, inputs resource.PropertyMap) resource.PropertyMap {
	added := map[string]map[string]any{
		"aws:iam/role:Role":                           {"arn": "arn:aws:iam::123456789012:role/r", "name": "r"},
		"aws:ec2/launchTemplate:LaunchTemplate":       {"latestVersion": 1},
		"aws:ec2/securityGroupRule:SecurityGroupRule": {"securityGroupRuleId": "sgr-1"},
		"aws:eks/cluster:Cluster": {
			"arn":                     "arn:aws:eks:eu-west-2:123456789012:cluster/eks-relay-cluster",
			"endpoint":                "https://ABC.gr7.eu-west-2.eks.amazonaws.com",
			"certificateAuthority":    map[string]any{"data": "LS0t"},
			"kubernetesNetworkConfig": map[string]any{"ipFamily": "ipv4", "serviceIpv4Cidr": "172.20.0.0/16"},
			"identities": []any{map[string]any{"oidcs": []any{map[string]any{
				"issuer": "https://oidc.eks.eu-west-2.amazonaws.com/id/ABC",
			}}}},
		},
	}[typ]
	out := inputs.Copy()
	maps.Copy(out, resource.NewPropertyMapFromMap(added))
	if typ == "aws:eks/cluster:Cluster" {
		for key, otherwise := range map[resource.PropertyKey]string{"name": "auto-1a2b3c4", "version": "1.35"} {
			if !out.HasValue(key) {
				out[key] = resource.NewProperty(otherwise)
			}
		}
		vpc := open(out["vpcConfig"]).ObjectValue().Copy()
		vpc["clusterSecurityGroupId"] = resource.NewProperty("sg-made-by-eks")
		out["vpcConfig"] = resource.NewProperty(vpc)
	}
	return out
}

// unknownUnlessGiven is the state in a preview.
func unknownUnlessGiven(state, inputs resource.PropertyMap) resource.PropertyMap {
	previewed := inputs.Copy()
	for key := range state {
		if !inputs.HasValue(key) || key == "vpcConfig" {
			previewed[key] = resource.MakeComputed(resource.NewProperty(""))
		}
	}
	return previewed
}

const (
	urnPrefix = "urn:pulumi:dev::feaseks::"
	stackURN  = urnPrefix + "pulumi:pulumi:Stack::feaseks-dev"
)

// makeURN joins the types of a resource and of its parents, as the engine does.
func makeURN(parent, typ, name string) string {
	if parent != "" && parent != stackURN {
		typ = qualifiedType(parent) + "$" + typ
	}
	return urnPrefix + typ + "::" + name
}

func qualifiedType(urn string) string {
	typ, _, _ := strings.Cut(strings.TrimPrefix(urn, urnPrefix), "::")
	return typ
}

func typeOf(urn string) string {
	types := strings.Split(qualifiedType(urn), "$")
	return types[len(types)-1]
}

func nameOf(urn string) string { return urn[strings.LastIndex(urn, ":")+1:] }

func names(urns []string) []string {
	found := []string{}
	for _, urn := range urns {
		found = append(found, nameOf(urn))
	}
	return found
}

// plainMap is properties as plain values; a reference to a resource is its name.
func plainMap(props resource.PropertyMap) map[string]any {
	plain := map[string]any{}
	for key, v := range props {
		if p := plainValue(v); p != nil {
			plain[string(key)] = p
		}
	}
	return plain
}

func plainValue(v resource.PropertyValue) any {
	v = open(v)
	switch {
	case v.IsResourceReference():
		return "resource " + nameOf(string(v.ResourceReferenceValue().URN))
	case v.IsObject():
		return plainMap(v.ObjectValue())
	case v.IsArray():
		list := []any{}
		for _, e := range v.ArrayValue() {
			list = append(list, plainValue(e))
		}
		return list
	case v.IsNull():
		return nil
	default:
		return v.V
	}
}
