// Package eks stands in for the pulumi-eks plugin on the emulated AWS: a server
// for the remote components eks:index:Cluster and eks:index:ManagedNodeGroup that
// registers what pulumi-eks 3.9.1 registers, resource by resource, under the same
// names, with the same inputs and dependencies. It creates nothing by itself: the
// children go to the aws and kubernetes providers, emulated or not.
//
// Modelled are clusters with the authentication modes API and
// API_AND_CONFIG_MAP, CONFIG_MAP as far as the component's own refusals, and
// managed node groups with the caller's launch template, EKS's own, or the one
// that enableIMDSv2 makes. The component's own validation comes with its own
// words; [refused] arguments of the real component that are not modelled are
// errors that name them, as are arguments that it does not have.
//
// Not modelled: default node groups, self-managed node groups, Fargate, Auto
// Mode, storage classes, role mappings, own user data and images, scoped
// kubeconfigs, and methods of the components. With those, install the real
// plugin and leave eks out of the emulated providers. The real one also refuses
// to start without the aws CLI, and polls a public endpoint until it is healthy;
// this one does neither.
package eks
