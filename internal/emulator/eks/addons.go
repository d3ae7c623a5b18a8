package eks

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/inventory/awstype"
)

const (
	// overwrite adopts what EKS or somebody else installed under the name.
	overwrite = "OVERWRITE"
)

// addonSettings are the arguments for kube-proxy and CoreDNS.
type addonSettings struct {
	Version             pulumi.StringPtrInput `pulumi:"version"`
	ConfigurationValues pulumi.MapInput       `pulumi:"configurationValues"`
	OnCreate            string                `pulumi:"resolveConflictsOnCreate"`
	OnUpdate            string                `pulumi:"resolveConflictsOnUpdate"`
}

// makeKubeProxy makes the add-on unless it is switched off (PEK-06).
func (c *cluster) makeKubeProxy() error {
	if !c.given.flag(true, "kubeProxyAddonOptions", "enabled") {
		return nil
	}
	return c.makeAddon("kube-proxy", c.args.KubeProxy)
}

// makeCoreDNS makes the add-on only where it is asked for, or where the
// component's own nodes would run it; those are not modelled (PEK-06).
func (c *cluster) makeCoreDNS() error {
	asked := c.given.flag(false, "corednsAddonOptions", "enabled") ||
		c.args.CoreDNS != nil && c.args.CoreDNS.ConfigurationValues != nil
	if !asked {
		return nil
	}
	return c.makeAddon("coredns", c.args.CoreDNS)
}

func (c *cluster) makeAddon(addon string, s *addonSettings) error {
	if s == nil {
		s = &addonSettings{}
	}
	version := pulumi.Input(s.Version)
	if s.Version == nil {
		version = newestAddon(c.ctx, c, addon, c.eks.Version)
	}
	_, err := c.add(child{typ: awstype.Addon, name: c.name + "-" + addon, props: pulumi.Map{
		"clusterName":              c.eks.Name,
		"addonName":                pulumi.String(addon),
		"addonVersion":             version,
		"preserve":                 pulumi.Bool(true),
		"tags":                     c.args.Tags,
		"resolveConflictsOnCreate": orOverwrite(s.OnCreate),
		"resolveConflictsOnUpdate": orOverwrite(s.OnUpdate),
		"configurationValues":      asJSON(s.ConfigurationValues),
	}})
	return err
}

func orOverwrite(resolution string) pulumi.Input {
	if resolution == "" {
		resolution = overwrite
	}
	return pulumi.String(resolution)
}

// newestAddon asks for the newest version of an add-on for a Kubernetes version,
// which makes every later run look for a newer one (PEK-05).
func newestAddon(ctx *pulumi.Context, parent pulumi.Resource, addon string, kubernetes pulumi.StringOutput) pulumi.Input {
	return kubernetes.ApplyT(func(kubernetes string) pulumi.StringOutput {
		answer := ctx.InvokeOutput("aws:eks/getAddonVersion:getAddonVersion", map[string]any{
			"addonName": addon, "kubernetesVersion": kubernetes, "mostRecent": true,
		}, pulumi.MapOutput{}, pulumi.InvokeOutputOptions{
			InvokeOptions: []pulumi.InvokeOption{pulumi.Parent(parent), pulumi.Version(awsVersion)},
		})
		return answer.ApplyT(func(v any) (string, error) {
			version, ok := at(v, "version").(string)
			if !ok {
				return "", fmt.Errorf("AWS names no version of the add-on %s", addon)
			}
			return version, nil
		}).(pulumi.StringOutput)
	}).(pulumi.StringOutput)
}

// asJSON writes settings as a text with sorted keys; nil when there are none.
func asJSON(values pulumi.MapInput) pulumi.Input {
	if values == nil {
		return nil
	}
	return values.ToMapOutput().ApplyT(encodeJSON).(pulumi.StringOutput)
}

// encodeJSON writes JSON as JavaScript does: without a line's end, and with <, >
// and & as they are.
func encodeJSON(v map[string]any) (string, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", fmt.Errorf("write an add-on's settings: %w", err)
	}
	return string(bytes.TrimSpace(text.Bytes())), nil
}
