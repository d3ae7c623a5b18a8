package plan

import "strings"

var k8sRules = []func(*validator){
	(*validator).namespaces,
	(*validator).ports,
	(*validator).direct,
}

func (v *validator) namespaces() {
	v.namespace("k8s.relay.namespace", v.plan.K8s.Relay.Namespace)
	v.namespace("k8s.bunny.namespace", v.plan.K8s.Bunny.Namespace)
}

func (v *validator) namespace(key, name string) {
	v.need(name != "default" && !strings.HasPrefix(name, "kube-"), key, name, "Kubernetes makes this namespace itself", "choose another name")
}

func (v *validator) ports() {
	relay := v.plan.K8s.Relay
	v.need(relay.Port != relay.NodePort, "k8s.relay.nodePort", relay.NodePort,
		"k8s.relay.port is the same, and rules could not tell the way to the load balancer from the way to the nodes", "choose another number")
}

// direct refuses an estate whose program would make a private API and then
// stand before it.
func (v *validator) direct() {
	if v.plan.K8s.Access != AccessDirect {
		return
	}
	clients := v.plan.Clusters.EKS.APIClients
	v.need(len(clients) > 0, "clusters.eks.apiClients", clients,
		"with k8s.access = direct the program makes its namespaces through the private API, and nothing but the nodes could reach that (EKS-08)",
		"write the range of the VPC in which the program runs, such as its runner's private subnet")
}
