// Package stackexport reads what exists in clouds out of a stack export: what an auditor
// has who has no access to the clouds.
package stackexport

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
)

// clusterAnnotation is how the program marks what is inside a Kubernetes cluster with the
// cluster's address (EKS) or ARM id (AKS).
const clusterAnnotation = `metadata.annotations["burrow/cluster"]`

// Read reads the resources of an export. A secret in clear is its value; an encrypted one
// is unknown. What a cloud made by itself is not in an export.
//
// Of a run that ended half way it reads what exists. What is marked PendingReplacement does
// not: the engine sets that once the provider has deleted it, before anything is made in
// its place. What is marked Delete does: it is to be deleted now that its replacement is
// there, and until then it does what it did.
func Read(resources []apitype.ResourceV3) inventory.List {
	var all []*inventory.Object
	old := map[*inventory.Object]bool{}
	regions := providerRegions(resources)
	for _, r := range resources {
		if r.PendingReplacement || !r.Custom || strings.HasPrefix(string(r.Type), "pulumi:") {
			continue
		}
		o := &inventory.Object{
			Type: inventory.Canonical(string(r.Type)), ID: string(r.ID), URN: string(r.URN), Serial: uint64(len(all) + 1),
			In: plain(r.Inputs), Out: plain(r.Outputs), Hidden: inventory.Props{},
		}
		o.Cloud, _, _ = strings.Cut(o.Type, ":")
		if o.Cloud == "aws" {
			o.Region = regions[r.Provider]
		}
		all = append(all, o)
		old[o] = r.Delete
	}
	list := inventory.NewList(all...)
	for _, o := range all {
		if o.Cloud == "kubernetes" {
			o.Region = host(list, o.Props().Str(clusterAnnotation))
		}
	}
	// Where ids are names, a replacement is what it replaces, changed.
	for typ, objects := range list {
		list[typ] = slices.DeleteFunc(slices.Clone(objects), func(o *inventory.Object) bool {
			return old[o] && slices.ContainsFunc(objects, func(p *inventory.Object) bool { return !old[p] && p.Collides(o) })
		})
	}
	return list
}

// providerRegions are the AWS regions of the providers, by their references.
func providerRegions(resources []apitype.ResourceV3) map[string]string {
	regions := map[string]string{}
	for _, r := range resources {
		if strings.HasPrefix(string(r.Type), "pulumi:providers:aws") {
			regions[string(r.URN)+"::"+string(r.ID)] = plain(r.Inputs).Str("region")
		}
	}
	return regions
}

// host is the API of the cluster that an object names.
func host(list inventory.List, cluster string) string {
	view := inventory.View{Source: list}
	address := cluster
	if aks := view.Get(azuretype.ManagedCluster, cluster); aks != nil {
		if address = aks.Value("fqdn"); address == "" {
			address = aks.Value("privateFQDN")
		}
	} else if eks := view.Find(awstype.Cluster, "name", cluster); eks != nil {
		address = eks.Value("endpoint")
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(address, "https://"), ":")
	return strings.ToLower(name)
}

// plain are properties without what the engine keeps beside them.
func plain(m map[string]any) inventory.Props {
	p := inventory.Props{}
	for name, v := range m {
		if name != "__defaults" {
			p[name] = value(v)
		}
	}
	return p
}

func value(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if v[resource.SigKey] == resource.SecretSig {
			return secret(v)
		}
		return map[string]any(plain(v))
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = value(e)
		}
		return list
	}
	return v
}

// secret is the value of one in clear, which is JSON in a text.
func secret(v map[string]any) any {
	text, ok := v["plaintext"].(string)
	var inside any
	if !ok || json.Unmarshal([]byte(text), &inside) != nil {
		return inventory.Unknown{}
	}
	return value(inside)
}
