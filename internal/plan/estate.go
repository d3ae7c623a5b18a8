package plan

// ownTags are the tag keys that Burrow writes on everything; extra tags may not
// use them, whatever their case: Azure takes tag names case-insensitively (TAG-03).
var ownTags = []string{"Environment", "Project", "Name", "Owner", "ManagedBy"}

// Name is the physical name of a thing: base, or base and the suffix joined by
// a hyphen where the estate has one. Names in the plan (clusters, node group,
// resource group, load balancer) are base names; they go through Name too.
func (e Estate) Name(base string) string {
	if e.Suffix == "" {
		return base
	}
	return base + "-" + e.Suffix
}

// Tags are the tags of the thing with that physical name. ManagedBy marks
// ownership: what carries it may be changed and deleted by Burrow alone.
func (e Estate) Tags(name string) map[string]string {
	tags := make(map[string]string, len(ownTags)+len(e.ExtraTags))
	for key, value := range e.ExtraTags {
		tags[key] = value
	}
	tags["Environment"] = e.Environment
	tags["Project"] = e.Project
	tags["Name"] = name
	tags["Owner"] = e.Owner
	tags["ManagedBy"] = "burrow"
	return tags
}
