package aws

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"burrow/internal/emulator"
)

// modelled are the services whose errors the SDK knows by type: it prints the
// code of the others behind "api error".
var modelled = []string{"EKS", "IAM", "KMS", "CloudWatch Logs", "Route 53", "Route53Resolver", "Elastic Load Balancing v2", "SNS"}

// words are those of a kind. An update that the provider makes of several calls is
// named by the one that most changes need.
func words(service, noun, create, update, remove, read string) emulator.Words {
	return emulator.Words{Service: service, Noun: noun, Create: create, Update: update, Delete: remove, Read: read}
}

// named are the words of a kind whose name the provider prints before it has an id.
func named(w emulator.Words) emulator.Words {
	w.Named = true
	return w
}

// statuses are the HTTP statuses of codes that are not 400.
var statuses = map[string]int{
	"AccessDenied": 403, "ConflictException": 409, "DeleteConflict": 409, "EntityAlreadyExists": 409,
	"HostedZoneAlreadyExists": 409, "NoSuchEntity": 404, "NoSuchHostedZone": 404,
}

func statusOf(service, code string) int {
	if service == "EKS" { // EKS-40; the JSON services answer 400 to everything
		switch code {
		case "ResourceInUseException":
			return 409
		case "ResourceNotFoundException":
			return 404
		}
	}
	return cmp.Or(statuses[code], 400)
}

// wrap words a fault as pulumi-aws prints it: what Terraform attempted, then what
// the SDK says.
func wrap(c *emulator.Call, f *emulator.Fault) string {
	if c.Kind == nil || c.Op == emulator.OpCheck {
		return f.Error()
	}
	w := c.Kind.Words
	if isLate(c.Kind, f) && c.Kind.Vanishes {
		return bullet(fmt.Sprintf("waiting for %s (%s) %s: couldn't find resource. last error: %s", w.Noun, c.ID, verb(c.Op, "create", "update", "delete", "read"), f.Error()))
	}
	if isLate(c.Kind, f) {
		return bullet(fmt.Sprintf("waiting for %s (%s) %s: unexpected state '%s'. last error: %s",
			w.Noun, c.ID, verb(c.Op, "create", "update", "delete", "read"), c.Out.StrOr("status", "failed"), f.Error()))
	}
	attempt := verb(c.Op, "creating ", "updating ", "deleting ", "reading ") + w.Noun
	if which := whichOne(c, w); which != "" {
		attempt += " (" + which + ")"
	}
	reason := f.Error()
	if !slices.Contains(modelled, w.Service) {
		reason = "api error " + reason
	}
	operation := verb(c.Op, w.Create, w.Update, w.Delete, w.Read)
	return bullet(fmt.Sprintf("%s: operation error %s: %s, https response error StatusCode: %d, %s",
		attempt, w.Service, operation, statusOf(w.Service, f.Code), reason))
}

func bullet(text string) string { return "1 error occurred:\n\t* " + text + "\n" }

func verb(op emulator.Op, create, update, remove, read string) string {
	switch op {
	case emulator.OpCreate:
		return create
	case emulator.OpUpdate:
		return update
	case emulator.OpDelete:
		return remove
	}
	return read
}

// whichOne is the name or id in the provider's words.
func whichOne(c *emulator.Call, w emulator.Words) string {
	switch {
	case c.ID != "":
		return c.ID
	case !w.Named:
		return ""
	}
	names := []string{"name", "alarmName", "dashboardName", "policyName", "nodeGroupName", "addonName", "principalArn", "serviceAccount", "role", "clusterName"}
	for _, p := range names {
		if s := c.In.Str(p); s != "" {
			return withCluster(c, p, s)
		}
	}
	return ""
}

// withCluster: what hangs on a cluster is named together with it.
func withCluster(c *emulator.Call, property, name string) string {
	if cluster := c.In.Str("clusterName"); cluster != "" && property != "clusterName" && strings.HasPrefix(c.Kind.Type, "aws:eks/") {
		return cluster + ":" + name
	}
	return name
}

// isLate reports whether the fault is of moment L. A generic check never is, even
// where it has the id and code of a rule that is.
func isLate(k *emulator.Kind, f *emulator.Fault) bool {
	return f.Check == "" && slices.ContainsFunc(k.Rules, func(r emulator.Rule) bool {
		return r.Late && r.ID == f.Rule && r.Code == f.Code
	})
}
