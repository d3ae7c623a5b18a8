package eks

import (
	"fmt"
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/inventory/awstype"
)

// vpcCNIOptions are the arguments for the VPC CNI that are modelled.
type vpcCNIOptions struct {
	AddonVersion        pulumi.StringPtrInput `pulumi:"addonVersion"`
	ConfigurationValues pulumi.MapInput       `pulumi:"configurationValues"`
	EnableNetworkPolicy pulumi.BoolPtrInput   `pulumi:"enableNetworkPolicy"`
	// ENIMTU is in bytes; without it, and with 0, the plugin gets 9001.
	ENIMTU                pulumi.IntPtrInput    `pulumi:"eniMtu"`
	ServiceAccountRoleARN pulumi.StringPtrInput `pulumi:"serviceAccountRoleArn"`
	OnCreate              string                `pulumi:"resolveConflictsOnCreate"`
	OnUpdate              string                `pulumi:"resolveConflictsOnUpdate"`
}

// mtuVariable is what the component makes of eniMtu.
const mtuVariable = "AWS_VPC_ENI_MTU"

// cniEnv is the plugin's environment as the component sets it.
var cniEnv = map[string]any{
	mtuVariable:                          "9001",
	"AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG": "false",
	"AWS_VPC_K8S_CNI_EXTERNALSNAT":       "false",
	"AWS_VPC_K8S_CNI_LOGLEVEL":           "DEBUG",
	"AWS_VPC_K8S_CNI_LOG_FILE":           "/host/var/log/aws-routed-eni/ipamd.log",
	"AWS_VPC_K8S_CNI_VETHPREFIX":         "eni",
	"AWS_VPC_K8S_PLUGIN_LOG_FILE":        "/var/log/aws-routed-eni/plugin.log",
	"AWS_VPC_K8S_PLUGIN_LOG_LEVEL":       "DEBUG",
	"ENABLE_POD_ENI":                     "false",
	"WARM_ENI_TARGET":                    "1",
}

// cniInitEnv is the environment of the plugin's init container.
var cniInitEnv = map[string]any{"DISABLE_TCP_EARLY_DEMUX": "false"}

// makeVPCCNI registers the component eks:index:VpcCniAddon and the add-on below
// it, unless the caller wants the one that EKS installs (PEK-06).
func (c *cluster) makeVPCCNI() error {
	if c.given.flag(false, "useDefaultVpcCni") {
		return nil
	}
	options := c.args.VPCCNI
	if options == nil {
		options = &vpcCNIOptions{}
	}
	name := c.name + "-vpc-cni"
	parent := &component{}
	err := c.ctx.RegisterComponentResourceV2("eks:index:VpcCniAddon", name, c.vpcCNIInputs(options), parent,
		pulumi.Parent(c), pulumi.DependsOn(c.authorized), pulumi.Providers(c.provider))
	if err != nil {
		return fmt.Errorf("register %s: %w", name, err)
	}
	c.vpcCNI = parent
	addon := &thing{}
	err = add(c.ctx, parent, child{typ: awstype.Addon, name: name, props: c.vpcCNIAddon(parent, options)}, addon)
	if err != nil {
		return err
	}
	return c.ctx.RegisterResourceOutputs(parent, pulumi.Map{"addon": refer(addon)})
}

// vpcCNIInputs are the arguments of the inner component: those given, with the
// cluster's.
func (c *cluster) vpcCNIInputs(o *vpcCNIOptions) pulumi.Map {
	inputs := pulumi.Map{
		"addonVersion":          o.AddonVersion,
		"configurationValues":   o.ConfigurationValues,
		"enableNetworkPolicy":   o.EnableNetworkPolicy,
		"eniMtu":                o.ENIMTU,
		"serviceAccountRoleArn": o.ServiceAccountRoleARN,
		"clusterName":           c.eks.Name,
		"clusterVersion":        c.eks.Version,
		"tags":                  c.args.Tags,
	}
	if o.OnCreate != "" {
		inputs["resolveConflictsOnCreate"] = pulumi.String(o.OnCreate)
	}
	if o.OnUpdate != "" {
		inputs["resolveConflictsOnUpdate"] = pulumi.String(o.OnUpdate)
	}
	return present(inputs)
}

func (c *cluster) vpcCNIAddon(parent pulumi.Resource, o *vpcCNIOptions) pulumi.Map {
	version := pulumi.Input(o.AddonVersion)
	if o.AddonVersion == nil {
		version = newestAddon(c.ctx, parent, "vpc-cni", c.eks.Version)
	}
	return pulumi.Map{
		"clusterName":              c.eks.Name,
		"addonName":                pulumi.String("vpc-cni"),
		"addonVersion":             version,
		"preserve":                 pulumi.Bool(true),
		"tags":                     c.args.Tags,
		"resolveConflictsOnCreate": orOverwrite(o.OnCreate),
		"resolveConflictsOnUpdate": orOverwrite(o.OnUpdate),
		"serviceAccountRoleArn":    o.ServiceAccountRoleARN,
		"configurationValues":      o.configuration(),
	}
}

// configuration merges the component's environment and the network policy switch
// into the caller's settings, which go before both (PEK-07).
func (o *vpcCNIOptions) configuration() pulumi.Input {
	settings := present(pulumi.Map{"given": o.ConfigurationValues, "policy": o.EnableNetworkPolicy, "mtu": o.ENIMTU})
	return settings.ToMapOutput().ApplyT(func(settings map[string]any) (string, error) {
		given, _ := settings["given"].(map[string]any)
		return encodeJSON(cniConfiguration(given, settings["policy"], settings["mtu"]))
	}).(pulumi.StringOutput)
}

// cniConfiguration is the settings given, with what the component adds; policy is
// a bool, a pointer to one, or nil, and mtu the same of an int. The environment
// that was given goes before the argument of its own (PEK-07).
func cniConfiguration(given map[string]any, policy, mtu any) map[string]any {
	config := under(nil, given)
	if p, ok := policy.(*bool); ok && p != nil {
		policy = *p
	}
	enable, known := policy.(bool)
	if _, ok := config["enableNetworkPolicy"]; !ok && known {
		config["enableNetworkPolicy"] = fmt.Sprint(enable)
	}
	if p, ok := mtu.(*int); ok && p != nil {
		mtu = *p
	}
	env := under(cniEnv, nil)
	if bytes, ok := mtu.(int); ok && bytes != 0 {
		env[mtuVariable] = fmt.Sprint(bytes)
	}
	config["env"] = under(env, config["env"])
	init := under(nil, config["init"])
	init["env"] = under(cniInitEnv, init["env"])
	config["init"] = init
	return config
}

// under lays given keys over defaults.
func under(defaults map[string]any, given any) map[string]any {
	result := map[string]any{}
	over, _ := given.(map[string]any)
	maps.Copy(result, defaults)
	maps.Copy(result, over)
	return result
}
