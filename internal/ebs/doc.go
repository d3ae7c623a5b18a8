// Package ebs judges what becomes of EBS volumes beside their making: which workload of
// an EKS cluster holds one, whether one can be attached to a node, and whether the
// cluster's CSI driver can do it. Emulated AWS refuses to delete by it, and emulated
// Kubernetes lets pods wait by it.
//
// It reads what is there now. That a volume was attached before its key was disabled, and
// stays so, is nowhere written down: whoever uses it counts as having it.
//
// Not looked at: how many volumes an instance takes; instances that are not of managed
// node groups; session and service control policies; grants that somebody made by hand;
// what a driver of another origin than the add-on may do.
package ebs

import (
	"cmp"

	"burrow/internal/rules"
)

// Driver is the name of the CSI driver in volumes of Kubernetes, Addon that of the EKS
// add-on which brings it. Its controller runs under Account in Namespace. Source: Amazon
// EKS guide ebs-csi.md.
const (
	Driver    = "ebs.csi.aws.com"
	Addon     = "aws-ebs-csi-driver"
	Namespace = "kube-system"
	Account   = "ebs-csi-controller-sa"
)

// A Refusal is why something does not happen: what AWS, or the driver, says of it.
type Refusal struct {
	Rule rules.ID
	// Code is EC2's error code, "" where nobody has come to ask EC2.
	Code   string
	Reason string
}

func (r *Refusal) Error() string { return cmp.Or(r.Code, "Internal") + ": " + r.Reason }
