// Package kubelogin gets the tokens with which people and the program log in to both
// Kubernetes clusters, and speaks the exec credential protocol of kubectl: what `burrow`
// is to a kubeconfig. Neither the AWS CLI nor kubelogin has to be installed.
//
// A token is written to standard output and nowhere else.
package kubelogin
