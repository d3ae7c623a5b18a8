package kube

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/semver"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/kubetype"
)

const (
	// The node ports that an API server hands out by default.
	firstNodePort = 30000
	lastNodePort  = 32767
)

// serviceTypes are the kinds of Services.
var serviceTypes = []string{
	string(corev1.ServiceTypeClusterIP), string(corev1.ServiceTypeNodePort),
	string(corev1.ServiceTypeLoadBalancer), string(corev1.ServiceTypeExternalName),
}

func serviceRules() []emulator.Rule {
	return []emulator.Rule{
		{ID: "K8S-21", Code: codeInvalid, On: emulator.OpCreate, Source: "Kubernetes feature gate RelaxedServiceNameValidation", Broken: oldServiceName},
		{ID: "NLB-16", Code: codeInvalid, On: emulator.OpWrite, Source: "Kubernetes, service node port range and allocation", Broken: badNodePort},
		{ID: "K8S-06", Code: codeInvalid, On: emulator.OpWrite, Source: "Kubernetes, service cluster IP allocation", Broken: badClusterIP},
		{
			ID: "PRV-23", Code: codeAwait, On: emulator.OpWrite, Late: true, Held: true,
			Source: "pulumi-kubernetes provider/pkg/await/service.go; pulumi/pulumi-kubernetes#3142", Broken: neverReady,
		},
	}
}

// relaxedNames is the first version that takes a Service whose name begins with a digit.
const relaxedNames = "v1.36"

func oldServiceName(c *emulator.Call) string {
	chosen, err := active(c.Provider)
	if err != nil {
		return ""
	}
	o := clusterAt(c.Tx, chosen.host())
	if o == nil {
		return ""
	}
	version := "v" + cmp.Or(o.Value("version"), o.Value("kubernetesVersion"))
	name := c.In.Str("metadata.name")
	if problems := validation.IsDNS1035Label(name); len(problems) > 0 && semver.IsValid(version) && semver.Compare(version, relaxedNames) < 0 {
		return fmt.Sprintf("Service %q is invalid: metadata.name: Invalid value: %q: %s", name, name, problems[0])
	}
	return ""
}

func validateService(obj metav1.Object) (found field.ErrorList) {
	spec, at := obj.(*corev1.Service).Spec, field.NewPath("spec")
	if spec.Type != "" && !contains(serviceTypes, string(spec.Type)) {
		found = append(found, field.NotSupported(at.Child("type"), string(spec.Type), serviceTypes))
	}
	external := spec.Type == corev1.ServiceTypeExternalName
	if len(spec.Ports) == 0 && !external && spec.ClusterIP != corev1.ClusterIPNone {
		found = append(found, field.Required(at.Child("ports"), ""))
	}
	if external && spec.ExternalName == "" {
		found = append(found, field.Required(at.Child("externalName"), ""))
	}
	for i := range spec.Ports {
		found = append(found, validateServicePort(spec.Ports, i, at.Child("ports").Index(i))...)
	}
	local := spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal
	if local && spec.Type != corev1.ServiceTypeNodePort && spec.Type != corev1.ServiceTypeLoadBalancer {
		found = append(found, field.Invalid(at.Child("externalTrafficPolicy"), spec.ExternalTrafficPolicy,
			"may only be set for externally-accessible services"))
	}
	return found
}

func validateServicePort(ports []corev1.ServicePort, i int, at *field.Path) field.ErrorList {
	p := ports[i]
	found := validateNumber(int(p.Port), at.Child("port"))
	if p.Protocol != "" {
		found = append(found, validateProtocol(&p.Protocol, at.Child("protocol"))...)
	}
	if p.TargetPort.StrVal != "" || p.TargetPort.IntVal != 0 {
		found = append(found, validateIntOrName(p.TargetPort, at.Child("targetPort"))...)
	}
	if p.Name == "" && len(ports) > 1 {
		found = append(found, field.Required(at.Child("name"), ""))
	}
	for _, other := range ports[:i] {
		if p.Name != "" && other.Name == p.Name {
			found = append(found, field.Duplicate(at.Child("name"), p.Name))
		}
		if other.Port == p.Port && other.Protocol == p.Protocol {
			found = append(found, field.Duplicate(at, fmt.Sprintf("%s %d", p.Protocol, p.Port)))
		}
	}
	return found
}

// others are the other Services of the cluster.
func others(c *emulator.Call) []*inventory.Object {
	id := idOf(c)
	return c.Tx.Where(kubetype.Service, func(o *inventory.Object) bool { return o.ID != id })
}

func badNodePort(c *emulator.Call) (message string) {
	c.In.Each("spec.ports[*].nodePort", func(path string, v any) {
		n, _ := v.(float64)
		switch {
		case message != "" || n == 0:
		case n < firstNodePort || n > lastNodePort:
			message = fmt.Sprintf("Service %q is invalid: %s: Invalid value: %.0f: provided port is not in the valid range. "+
				"The range of valid ports is %d-%d", c.In.Str("metadata.name"), path, n, firstNodePort, lastNodePort)
		case contains(nodePortsInUse(c), strconv.Itoa(int(n))):
			message = fmt.Sprintf("Service %q is invalid: %s: Invalid value: %.0f: provided port is already allocated",
				c.In.Str("metadata.name"), path, n)
		}
	})
	return message
}

func nodePortsInUse(c *emulator.Call) (ports []string) {
	for _, o := range others(c) {
		o.Out.Each("spec.ports[*].nodePort", func(_ string, v any) { ports = append(ports, fmt.Sprint(v)) })
	}
	return ports
}

// serviceRange is the range that the cluster takes Service addresses from.
func serviceRange(c *emulator.Call) (netip.Prefix, bool) {
	chosen, err := active(c.Provider)
	if err != nil {
		return netip.Prefix{}, false
	}
	o := clusterAt(c.Tx, chosen.host())
	if o == nil {
		return netip.Prefix{}, false
	}
	for _, path := range []string{"kubernetesNetworkConfig.serviceIpv4Cidr", "networkProfile.serviceCidr"} {
		if p, err := netip.ParsePrefix(o.Value(path)); err == nil {
			return p.Masked(), true
		}
	}
	return netip.Prefix{}, false
}

func badClusterIP(c *emulator.Call) string {
	ip := c.In.Str("spec.clusterIP")
	if ip == "" || ip == corev1.ClusterIPNone {
		return ""
	}
	invalid := func(why string) string {
		return fmt.Sprintf("Service %q is invalid: spec.clusterIPs: Invalid value: [%q]: failed to allocate IP %s: %s",
			c.In.Str("metadata.name"), ip, ip, why)
	}
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return invalid("must be a valid IP address")
	}
	if p, known := serviceRange(c); known && !p.Contains(addr) {
		return invalid("the provided IP is not in the valid range " + p.String())
	}
	if contains(clusterIPsInUse(c), ip) {
		return invalid("provided IP is already allocated")
	}
	return ""
}

func clusterIPsInUse(c *emulator.Call) (ips []string) {
	for _, o := range others(c) {
		ips = append(ips, o.Out.Str("spec.clusterIP"))
	}
	return ips
}

// neverReady is why the provider waits in vain: nothing here makes load balancers, and
// a Service is there once no pod that it selects has an address and is not ready. One
// that selects none at all is there, too.
func neverReady(c *emulator.Call) string {
	const noPods = "Service does not target any Pods. Selected Pods may not be ready, or field '.spec.selector' may not match labels on any Pods"
	selector := texts(c.In.Map("spec.selector"))
	waiting, ready := false, false
	for _, p := range selected(c.Tx, namespaceOf(c.In), selector) {
		ready = ready || hasCondition(p, corev1.PodReady)
		waiting = waiting || hasCondition(p, corev1.PodReadyToStartContainers) && !hasCondition(p, corev1.PodReady)
	}
	reasons := []string{timedOut(c.In.Str("metadata.name"))}
	switch typ := c.In.Str("spec.type"); {
	case skipsAwait(c) || typ == string(corev1.ServiceTypeExternalName) || c.In.Str("spec.clusterIP") == corev1.ClusterIPNone:
		return ""
	case typ == string(corev1.ServiceTypeLoadBalancer):
		if len(selector) > 0 && !ready {
			reasons = append(reasons, noPods)
		}
		reasons = append(reasons, "Service was not allocated an IP address; does your cloud provider support this?")
	case len(selector) == 0 || c.In.Bool("spec.publishNotReadyAddresses") || !waiting:
		return ""
	default:
		reasons = append(reasons, noPods)
	}
	return strings.Join(reasons, "\n")
}

// fillService sets the defaults of pkg/apis/core/v1 and allocates addresses and
// ports. What an update does not name stays as it was.
func fillService(c *emulator.Call) {
	c.Out.Default("spec.type", string(corev1.ServiceTypeClusterIP))
	c.Out.Default("spec.sessionAffinity", string(corev1.ServiceAffinityNone))
	c.Out.Set("status.loadBalancer", map[string]any{})
	typ := c.Out.Str("spec.type")
	if typ == string(corev1.ServiceTypeExternalName) {
		return
	}
	c.Out.Default("spec.internalTrafficPolicy", "Cluster")
	c.Out.Default("spec.ipFamilies", []string{"IPv4"})
	c.Out.Default("spec.ipFamilyPolicy", "SingleStack")
	c.Out.Default("spec.clusterIP", clusterIP(c))
	c.Out.Default("spec.clusterIPs", []string{c.Out.Str("spec.clusterIP")})
	open := typ == string(corev1.ServiceTypeNodePort) || typ == string(corev1.ServiceTypeLoadBalancer)
	if open {
		c.Out.Default("spec.externalTrafficPolicy", "Cluster")
	}
	for i := range c.Out.List("spec.ports") {
		fillServicePort(c, fmt.Sprintf("spec.ports[%d]", i), open)
	}
}

func fillServicePort(c *emulator.Call, at string, open bool) {
	c.Out.Default(at+".protocol", string(corev1.ProtocolTCP))
	c.Out.Default(at+".targetPort", c.Out.Num(at+".port"))
	if open && c.Out.Int(at+".nodePort") == 0 {
		c.Out.Set(at+".nodePort", nodePort(c, at))
	}
}

// clusterIP is the address that the Service has or gets; "" when the cluster says
// nothing of its range. Addresses begin after those that the low end is kept for.
func clusterIP(c *emulator.Call) string {
	if ip := c.Old.Str("spec.clusterIP"); ip != "" {
		return ip
	}
	p, known := serviceRange(c)
	if !known {
		return ""
	}
	base := p.Addr().As4()
	first := binary.BigEndian.Uint32(base[:])
	size := uint32(1) << (32 - p.Bits())
	kept := min(max(size/16, 16), 256) // Kubernetes KEP-3070: the low band is for given addresses
	used := clusterIPsInUse(c)
	for try := range size {
		offset := kept + (number(c, "clusterIP")+try)%(size-kept-1)
		ip := netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, first+offset))).String()
		if !contains(used, ip) {
			return ip
		}
	}
	return ""
}

func nodePort(c *emulator.Call, at string) int {
	if n := c.Old.Int(at + ".nodePort"); n != 0 {
		return n
	}
	const ports = lastNodePort - firstNodePort + 1
	used := nodePortsInUse(c)
	c.Out.Each("spec.ports[*].nodePort", func(_ string, v any) { used = append(used, fmt.Sprint(v)) })
	start := int(number(c, at) % ports)
	for try := range ports {
		if n := firstNodePort + (start+try)%ports; !slices.Contains(used, strconv.Itoa(n)) {
			return n
		}
	}
	return 0
}

// number is a number that is the same for the same object and label.
func number(c *emulator.Call, label string) uint32 {
	n, err := strconv.ParseUint(c.HexOf(label, 7), 16, 32)
	if err != nil {
		return 0 // not reached: HexOf gives hexadecimal digits
	}
	return uint32(n)
}
