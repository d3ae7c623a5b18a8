package kube

import (
	"fmt"
	"net"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"burrow/internal/emulator"
)

const sourceNetworking = "Kubernetes pkg/apis/networking/validation"

// policyRules are the rules of NetworkPolicies that the catalogue names.
func policyRules() []emulator.Rule {
	return []emulator.Rule{{
		ID: "NPL-03", Code: codeInvalid, On: emulator.OpWrite, Source: "Kubernetes API; " + sourceNetworking,
		Broken: func(c *emulator.Call) string {
			r := resourceOf(c.Kind.Type)
			obj, err := r.decode(c.In)
			if err != nil {
				return err.Error()
			}
			if found := badBlocks(obj.(*networkingv1.NetworkPolicy)); len(found) > 0 {
				return fmt.Sprintf("NetworkPolicy.networking.k8s.io %q is invalid: %v", obj.GetName(), found.ToAggregate())
			}
			return ""
		},
	}}
}

// A peer is one end of traffic in a policy and where it is written.
type peer struct {
	networkingv1.NetworkPolicyPeer
	at *field.Path
}

func peersOf(spec networkingv1.NetworkPolicySpec) (all []peer) {
	at := field.NewPath("spec")
	for i, rule := range spec.Ingress {
		for j, p := range rule.From {
			all = append(all, peer{p, at.Child("ingress").Index(i).Child("from").Index(j)})
		}
	}
	for i, rule := range spec.Egress {
		for j, p := range rule.To {
			all = append(all, peer{p, at.Child("egress").Index(i).Child("to").Index(j)})
		}
	}
	return all
}

func badBlocks(policy *networkingv1.NetworkPolicy) (found field.ErrorList) {
	for _, p := range peersOf(policy.Spec) {
		if p.IPBlock != nil {
			found = append(found, badBlock(p.IPBlock, p.at.Child("ipBlock"))...)
		}
	}
	return found
}

func badBlock(b *networkingv1.IPBlock, at *field.Path) (found field.ErrorList) {
	if b.CIDR == "" {
		return field.ErrorList{field.Required(at.Child("cidr"), "")}
	}
	_, outer, err := net.ParseCIDR(b.CIDR)
	if err != nil {
		return field.ErrorList{field.Invalid(at.Child("cidr"), b.CIDR, "must be a valid CIDR value")}
	}
	for i, except := range b.Except {
		at := at.Child("except").Index(i)
		_, inner, err := net.ParseCIDR(except)
		if err != nil {
			found = append(found, field.Invalid(at, except, "must be a valid CIDR value"))
		} else if !strictlyInside(inner, outer) {
			found = append(found, field.Invalid(at, except, "must be a strict subset of `cidr`"))
		}
	}
	return found
}

func strictlyInside(inner, outer *net.IPNet) bool {
	in, _ := inner.Mask.Size()
	out, _ := outer.Mask.Size()
	return outer.Contains(inner.IP) && out < in
}

// validateNetworkPolicy is what the API server checks of a policy but its blocks.
func validateNetworkPolicy(obj metav1.Object) field.ErrorList {
	spec, at := obj.(*networkingv1.NetworkPolicy).Spec, field.NewPath("spec")
	found := validateSelector(&spec.PodSelector, at.Child("podSelector"))
	for i, rule := range spec.Ingress {
		found = append(found, validatePorts(rule.Ports, at.Child("ingress").Index(i).Child("ports"))...)
	}
	for i, rule := range spec.Egress {
		found = append(found, validatePorts(rule.Ports, at.Child("egress").Index(i).Child("ports"))...)
	}
	for _, p := range peersOf(spec) {
		found = append(found, p.validate()...)
	}
	return append(found, validatePolicyTypes(spec.PolicyTypes, at.Child("policyTypes"))...)
}

func (p peer) validate() (found field.ErrorList) {
	selectors := 0
	for name, s := range map[string]*metav1.LabelSelector{
		"podSelector": p.PodSelector, "namespaceSelector": p.NamespaceSelector,
	} {
		if s != nil {
			selectors++
			found = append(found, validateSelector(s, p.at.Child(name))...)
		}
	}
	switch {
	case selectors == 0 && p.IPBlock == nil:
		found = append(found, field.Required(p.at, "must specify a peer"))
	case selectors > 0 && p.IPBlock != nil:
		found = append(found, field.Forbidden(p.at, "may not specify both ipBlock and another peer"))
	}
	return found
}

func validateSelector(s *metav1.LabelSelector, at *field.Path) field.ErrorList {
	return metavalidation.ValidateLabelSelector(s, metavalidation.LabelSelectorValidationOptions{}, at)
}

func validatePorts(ports []networkingv1.NetworkPolicyPort, at *field.Path) (found field.ErrorList) {
	for i, p := range ports {
		found = append(found, validateProtocol(p.Protocol, at.Index(i).Child("protocol"))...)
		found = append(found, validatePort(p, at.Index(i))...)
	}
	return found
}

// protocols are those that Kubernetes knows.
var protocols = []string{string(corev1.ProtocolTCP), string(corev1.ProtocolUDP), string(corev1.ProtocolSCTP)}

func validateProtocol(p *corev1.Protocol, at *field.Path) field.ErrorList {
	if p == nil || contains(protocols, string(*p)) {
		return nil
	}
	return field.ErrorList{field.NotSupported(at, string(*p), protocols)}
}

func validatePort(p networkingv1.NetworkPolicyPort, at *field.Path) (found field.ErrorList) {
	switch {
	case p.Port == nil && p.EndPort != nil:
		return field.ErrorList{field.Invalid(at.Child("endPort"), *p.EndPort, "may not be specified when `port` is not specified")}
	case p.Port == nil:
		return nil
	case p.Port.Type == intstr.String && p.EndPort != nil:
		return field.ErrorList{field.Invalid(at.Child("endPort"), *p.EndPort, "may not be specified when `port` is non-numeric")}
	case p.EndPort != nil && *p.EndPort < p.Port.IntVal:
		found = append(found, field.Invalid(at.Child("endPort"), *p.EndPort, "must be greater than or equal to `port`"))
	case p.EndPort != nil:
		found = append(found, validateNumber(int(*p.EndPort), at.Child("endPort"))...)
	}
	return append(found, validateIntOrName(*p.Port, at.Child("port"))...)
}

// validateIntOrName checks a port's number or name.
func validateIntOrName(p intstr.IntOrString, at *field.Path) (found field.ErrorList) {
	if p.Type == intstr.Int {
		return validateNumber(p.IntValue(), at)
	}
	for _, message := range validation.IsValidPortName(p.StrVal) {
		found = append(found, field.Invalid(at, p.StrVal, message))
	}
	return found
}

func validateNumber(n int, at *field.Path) (found field.ErrorList) {
	for _, message := range validation.IsValidPortNum(n) {
		found = append(found, field.Invalid(at, n, message))
	}
	return found
}

// policyTypes are the directions that a policy may speak of.
var policyTypes = []string{string(networkingv1.PolicyTypeIngress), string(networkingv1.PolicyTypeEgress)}

func validatePolicyTypes(types []networkingv1.PolicyType, at *field.Path) (found field.ErrorList) {
	if len(types) > len(policyTypes) {
		return field.ErrorList{field.Invalid(at, types, "may not specify more than two policyTypes")}
	}
	for i, t := range types {
		if !contains(policyTypes, string(t)) {
			found = append(found, field.NotSupported(at.Index(i), string(t), policyTypes))
		}
	}
	return found
}

// fillNetworkPolicy sets the defaults of pkg/apis/networking/v1.
func fillNetworkPolicy(c *emulator.Call) {
	c.Out.Default("spec.podSelector", map[string]any{})
	if len(c.Out.List("spec.policyTypes")) == 0 {
		types := policyTypes[:1]
		if len(c.Out.List("spec.egress")) > 0 {
			types = policyTypes
		}
		c.Out.Set("spec.policyTypes", types)
	}
	for _, direction := range []string{"ingress", "egress"} {
		c.Out.Each("spec."+direction+"[*].ports[*]", func(path string, _ any) {
			c.Out.Default(path+".protocol", string(corev1.ProtocolTCP))
		})
	}
}
