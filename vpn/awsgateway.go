package vpn

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2transitgateway"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/awslogs"
)

// virtualGateway makes a virtual private gateway, attaches it to the VPC and lets
// every private route table learn from it.
func (b *builder) virtualGateway() (awsEnd, error) {
	name := b.args.Estate.Name("burrow-vgw")
	gateway, err := ec2.NewVpnGateway(b.ctx, b.name+"-vgw", &ec2.VpnGatewayArgs{
		AmazonSideAsn: pulumi.String(asn(b.args.VPN.AWSASN)),
		Tags:          b.tags(name),
	}, b.parent, b.protected())
	if err != nil {
		return awsEnd{}, err
	}
	// A VPC holds one gateway at a time (AWV-06): the old one leaves first.
	attachment, err := ec2.NewVpnGatewayAttachment(b.ctx, b.name+"-vgw-attachment", &ec2.VpnGatewayAttachmentArgs{
		VpcId:        b.args.AWS.VPCID,
		VpnGatewayId: gateway.ID(),
	}, b.parent, pulumi.DeleteBeforeReplace(true))
	if err != nil {
		return awsEnd{}, fmt.Errorf("attachment: %w", err)
	}
	// The gateway's id comes from the attachment: propagation and routes are
	// refused before the gateway is attached (AWV-07, VPC-14), and go before it is
	// detached.
	end := awsEnd{vpnGatewayID: attachment.VpnGatewayId, ready: []pulumi.Resource{attachment}}
	for i, table := range b.args.AWS.RouteTableIDs {
		child := fmt.Sprintf("%s-vgw-propagation-az%d", b.name, i+1)
		_, err := ec2.NewVpnGatewayRoutePropagation(b.ctx, child, &ec2.VpnGatewayRoutePropagationArgs{
			RouteTableId: table,
			VpnGatewayId: attachment.VpnGatewayId,
		}, b.parent)
		if err != nil {
			return awsEnd{}, fmt.Errorf("propagation az%d: %w", i+1, err)
		}
	}
	return end, nil
}

// transitGateway makes a transit gateway with one route table of its own, and joins
// the VPC to it. It spreads flows over all tunnels that announce the VNet (AWV-11).
// The table that it would make itself stays away: who is connected to whom is
// written down here.
func (b *builder) transitGateway() (awsEnd, error) {
	name := b.args.Estate.Name("burrow-tgw")
	gateway, err := ec2transitgateway.NewTransitGateway(b.ctx, b.name+"-tgw", &ec2transitgateway.TransitGatewayArgs{
		Description:                  pulumi.String("VPN tunnels to Azure"),
		AmazonSideAsn:                pulumi.Int(int(b.args.VPN.AWSASN)),
		VpnEcmpSupport:               pulumi.String(enable),
		DnsSupport:                   pulumi.String(enable),
		DefaultRouteTableAssociation: pulumi.String(disable),
		DefaultRouteTablePropagation: pulumi.String(disable),
		AutoAcceptSharedAttachments:  pulumi.String(disable),
		Tags:                         b.tags(name),
	}, b.parent, b.protected(),
		// The provider would change it in place, which AWS refuses as long as there
		// are VPN attachments (API reference, ModifyTransitGatewayOptions).
		pulumi.ReplaceOnChanges([]string{"amazonSideAsn"}))
	if err != nil {
		return awsEnd{}, err
	}
	flows, err := b.logs().Record(b.ctx, awslogs.FlowLog{
		Child:            b.name + "-tgw-flow-log",
		Name:             b.args.Estate.Name("burrow-tgw-flow-logs"),
		Group:            b.args.Estate.Name("/burrow/tgw-flow-logs"),
		TransitGatewayID: gateway.ID(),
	}, b.parent)
	if err != nil {
		return awsEnd{}, fmt.Errorf("flow log: %w", err)
	}
	b.out.FlowLogGroups = []pulumi.StringOutput{flows.Name}
	table, err := ec2transitgateway.NewRouteTable(b.ctx, b.name+"-tgw-routes", &ec2transitgateway.RouteTableArgs{
		TransitGatewayId: gateway.ID(),
		Tags:             b.tags(name),
	}, b.parent)
	if err != nil {
		return awsEnd{}, fmt.Errorf("route table: %w", err)
	}
	attachment, err := b.attachVPC(gateway)
	if err != nil {
		return awsEnd{}, fmt.Errorf("vpc attachment: %w", err)
	}
	joined, err := b.joinTable("vpc", table, attachment.ID())
	if err != nil {
		return awsEnd{}, err
	}
	b.out.TransitGatewayID = gateway.ID()
	return awsEnd{
		// The id comes from the attachment, as a virtual private gateway's does.
		transitGatewayID: attachment.TransitGatewayId,
		table:            table,
		// The table stands as long as a connection is associated with it, or it
		// could not be deleted.
		ready: append(joined, attachment, table),
	}, nil
}

// What options of a transit gateway are set to.
const enable, disable = "enable", "disable"

// attachVPC puts an interface of the gateway into the private subnet of every zone:
// it takes traffic from no other zone (AWV-38). Its addresses are whatever is free,
// so the blocks of fixed addresses are reserved before.
func (b *builder) attachVPC(gateway *ec2transitgateway.TransitGateway) (*ec2transitgateway.VpcAttachment, error) {
	var subnets pulumi.StringArray
	for _, id := range b.args.AWS.SubnetIDs {
		subnets = append(subnets, id)
	}
	return ec2transitgateway.NewVpcAttachment(b.ctx, b.name+"-tgw-attachment", &ec2transitgateway.VpcAttachmentArgs{
		TransitGatewayId: gateway.ID(),
		VpcId:            b.args.AWS.VPCID,
		SubnetIds:        subnets,
		DnsSupport:       pulumi.String(enable),
		TransitGatewayDefaultRouteTableAssociation: pulumi.Bool(false),
		TransitGatewayDefaultRouteTablePropagation: pulumi.Bool(false),
		Tags: b.tags(b.args.Estate.Name("burrow-tgw-vpc")),
	}, b.parent, pulumi.DependsOn(b.args.AWS.Ready))
}

// joinTable has an attachment use the gateway's table, and tell the table its
// routes.
func (b *builder) joinTable(
	child string, table *ec2transitgateway.RouteTable, attachment pulumi.StringInput, opts ...pulumi.ResourceOption,
) ([]pulumi.Resource, error) {
	opts = append(opts, b.parent)
	association, err := ec2transitgateway.NewRouteTableAssociation(b.ctx, b.name+"-tgw-association-"+child,
		&ec2transitgateway.RouteTableAssociationArgs{
			TransitGatewayRouteTableId: table.ID(), TransitGatewayAttachmentId: attachment,
		}, opts...)
	if err != nil {
		return nil, fmt.Errorf("association %s: %w", child, err)
	}
	propagation, err := ec2transitgateway.NewRouteTablePropagation(b.ctx, b.name+"-tgw-propagation-"+child,
		&ec2transitgateway.RouteTablePropagationArgs{
			TransitGatewayRouteTableId: table.ID(), TransitGatewayAttachmentId: attachment,
		}, opts...)
	if err != nil {
		return nil, fmt.Errorf("propagation %s: %w", child, err)
	}
	return []pulumi.Resource{association, propagation}, nil
}

// transitAttachmentID is the attachment that a connection made for itself. While a
// connection that ends elsewhere is about to move, the provider previews it with
// the attachment that it has, none, and then refuses to preview what is joined to
// "". What nobody knows yet is unknown.
func (b *builder) transitAttachmentID(connection *ec2.VpnConnection) pulumi.StringOutput {
	return connection.TransitGatewayAttachmentId.ApplyT(func(id string) pulumi.StringOutput {
		if id == "" && b.ctx.DryRun() {
			unknown := pulumi.UnsafeUnknownOutput([]pulumi.Resource{connection})
			return unknown.ApplyT(func(any) string { return "" }).(pulumi.StringOutput)
		}
		return pulumi.String(id).ToStringOutput()
	}).(pulumi.StringOutput)
}
