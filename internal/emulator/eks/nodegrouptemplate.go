package eks

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/inventory/awstype"
)

// ownTemplate says that the component makes a launch template: of what asks for
// one, only enableIMDSv2 is modelled (PEK-11).
func (g *nodeGroup) ownTemplate() bool { return g.given.has("enableIMDSv2") }

// diskSize moves into the component's launch template.
func (g *nodeGroup) diskSize() pulumi.Input {
	if g.args.DiskSize == nil || g.ownTemplate() {
		return nil
	}
	return g.args.DiskSize
}

// launchTemplate is the component's own, the caller's or none.
func (g *nodeGroup) launchTemplate() (pulumi.Input, error) {
	if !g.ownTemplate() {
		if g.args.LaunchTemplate == nil {
			return nil, nil
		}
		return g.args.LaunchTemplate, nil
	}
	tokens := "optional"
	if g.given.flag(false, "enableIMDSv2") {
		tokens = "required"
	}
	props := pulumi.Map{"metadataOptions": pulumi.Map{
		"httpTokens": pulumi.String(tokens), "httpPutResponseHopLimit": pulumi.Int(2),
		"httpEndpoint": pulumi.String("enabled"),
	}}
	if g.args.DiskSize != nil {
		props["blockDeviceMappings"] = pulumi.Array{pulumi.Map{
			"deviceName": pulumi.String("/dev/xvda"), "ebs": pulumi.Map{"volumeSize": g.args.DiskSize},
		}}
	}
	template := &launchTemplate{}
	err := add(g.ctx, g, child{
		typ: awstype.LaunchTemplate, name: g.name + "-launchTemplate", props: props,
	}, template)
	return pulumi.Map{
		"id":      template.ID(),
		"version": template.LatestVersion.ApplyT(func(v any) string { return fmt.Sprint(v) }).(pulumi.StringOutput),
	}, err
}
