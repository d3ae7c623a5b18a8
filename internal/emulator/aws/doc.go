// Package aws is the emulated AWS: the kinds, rules and functions of pulumi-aws 6
// that a VPC with a site-to-site VPN, an EKS cluster behind a network load
// balancer, private DNS and their logging need. It is data for package emulator,
// which runs it.
//
// # What is modelled
//
//   - Resources: VPCs with what a VPC makes by itself (main route table, default
//     security group, default network ACL) and the Default… types that adopt
//     those; subnets and their reservations, DHCP options, internet and NAT gateways, elastic
//     IPs, route tables, routes, network ACLs, security groups with rules in all
//     three ways of writing them, flow logs, VPC endpoints, launch templates;
//     virtual private, customer and transit gateways, VPN connections; IAM roles,
//     policies, instance profiles; KMS; CloudWatch logs, alarms of one metric,
//     of expressions and of other alarms, dashboards; SNS topics, their policies
//     and subscriptions; EKS clusters, node groups, add-ons, access entries,
//     access policies, pod identities; load balancers, target groups, listeners,
//     attachments; Route 53 zones, records, the resolver and its query logs; EBS
//     volumes and their snapshots.
//   - Functions: getPartition, getRegion, getCallerIdentity, getAvailabilityZones,
//     getAddonVersion, getVolume; of a VPC that exists already getVpc, getSubnet, getSubnets,
//     getInternetGateway, getVpnGateway, getRouteTables, getVpcEndpoint and
//     getVpcDhcpOptions, which finds the region's own set too.
//   - Addresses: every network interface that AWS makes (NAT gateways, load
//     balancers, endpoints, control planes, nodes) takes one of its subnet, so
//     that reserved, taken and used-up addresses are refused. Public addresses are
//     from the ranges for documentation.
//   - What EKS makes by itself: its security group, the log group of a cluster
//     that logs and has none (at once again when it is deleted meanwhile; it stays
//     when the cluster goes), the creator's entry and those of node roles, the
//     scaling group of a node group, the pod identity associations that an add-on
//     names. All but the log group go with their makers.
//   - Volumes: EC2 takes away what it cannot encrypt (EBS-06). A volume is in use while
//     package ebs finds a workload of a cluster that has it, and modified four times a
//     day (EBS-08): of all rules that one alone reads the clock of whoever runs this.
//   - What transit gateways make by themselves: a default route table, the
//     attachment of a VPN connection, which comes and goes when the connection
//     changes its gateway, and the association and propagations of a new
//     attachment. They are objects like those that a program declares, made by the
//     VPC attachment or the connection, and go with the attachment; static routes
//     to it and routes of a VPC stay as black holes.
//   - What AWS makes by itself for logs: the resource policy that lets the delivery
//     of tunnel and query logs in (LOG-19), which grows with each log group, counts
//     among the ten and outlives everything; the group of a flow log whose role may
//     create groups, when it is deleted meanwhile.
//   - What waits for a person: a mail subscription stays pending, and AWS keeps it
//     until the topic goes, although the provider says that it is deleted.
//   - What fails late: nodes that cannot reach the cluster, lack a policy or sit in
//     a public subnet without public addresses; nodes that cannot reach EC2, ECR,
//     S3 and STS, through NAT, the internet gateway or endpoints, past the security
//     groups of both ends and the endpoints' policies; CoreDNS without nodes or
//     without its image; the driver of EBS volumes without nodes, images, credentials or
//     rights (EBS-12 to EBS-14); a NAT gateway in a VPC without an attached internet
//     gateway; a VPC that joins query logs whose group is gone.
//   - Policies are read where a rule needs them: who may assume a role, whether a
//     key lets CloudWatch Logs in, whether a role may create a log group, what an
//     endpoint lets nodes ask. Denials and conditions count; a condition on
//     something unknown narrows nothing.
//   - What AWS accepts and then keeps silent about is not refused and can be asked
//     for: Unlogged finds logs that never arrive, Stranded nodes that have lost what
//     they reached, package alarms what never rings.
//   - The provider: what it refuses before AWS sees it, what it replaces for, the
//     tags that it adds, the allow-all egress that it takes away from a new
//     security group (VPC-25), how it prints AWS's errors.
//   - Kubernetes versions and add-ons of 23 November 2026.
//
// Rules have the ids of package rules. PRO-12 is a check of the provider
// without a number of its own, PRO-14 a limit of AWS's API model without one.
// Where no error code is known, a rule has the service's generic one and its
// source says so.
//
// # What a refresh finds
//
// These outputs change by themselves, and none is an input that anybody set: the
// state of a VPN connection's tunnels (vgwTelemetries, worked out by
// reach.Tunnels); routes of a route table, rules of a network ACL or security
// group that are resources of their own; a role's policies; what an elastic IP is
// associated with; the load balancers of a target group; the policy of a topic that
// has a TopicPolicy; a VPC's DHCP options; the static routes of a VPN connection;
// whether a transit gateway's default table has an attachment; routes that have
// become black holes. The association and the propagations of an attachment that is gone are not found
// any more, whoever declared them, and a static route to it has lost its
// attachment, which is an input.
//
// # Replacement
//
// Most properties replace or they do not. Where the provider decides by value, so
// do these, and what a preview does not know replaces nothing yet:
//
//   - A network load balancer gets more subnets and address mappings in place, with
//     fixed addresses too; one that changes or goes replaces it. So does the first
//     security group, and taking away the last: in place AWS refuses it (NLB-04).
//   - Taking envelope encryption from a cluster replaces it; in place EKS refuses it
//     (EKS-17).
//   - A security group rule that gets another kind of source, a transit gateway that
//     gets default tables which it had not, private DNS of an endpoint that is no
//     interface.
//
// Not followed by value: a resolver rule that loses its endpoint is not replaced. A
// resolver endpoint's addresses change in place; the new ones are added before the
// old ones go, and for that moment both count against the quota (R53-09).
//
// A VPN connection that gets another gateway is updated in place and keeps its
// tunnels (AWV-28); one with static routes goes to a transit gateway only when they
// are deleted first, which a program that drops them in the same run does too late.
//
// A cluster whose subnets change is updated in place, as in real life, and EKS
// refuses subnets of another VPC or other zones (EKS-03). A program that moves a
// cluster must say ReplaceOnChanges itself.
//
// # What is not modelled
//
//   - What AWS accepts and then does not work: packets, DNS answers, a private zone
//     behind a resolver rule of the same name (R53-08), ASNs that are the same on
//     both sides (AWV-05).
//   - Time: nothing takes minutes, keys are gone at once, roles work at once.
//   - What the caller may do; service control policies; several accounts.
//   - What happens to volumes in time: a modification that is under way, a snapshot that
//     is not complete, tiers of snapshots, Outposts, encryption by default, the recycle
//     bin. That an attached volume stays attached when its cluster, its key or its rights
//     go. Quotas of storage but that of gp3, and of what a volume grows by.
//   - IPv6, secondary VPC ranges, peerings, instances. References to such
//     things are not looked up. Prefix lists other than AWS's own for S3 and
//     DynamoDB do not exist.
//   - Network ACLs and routers outside a VPC on the nodes' way: a default route to
//     another network is trusted to lead on. Which instance types a region sells.
//   - Launch templates keep no contents of old versions: a node group sees the
//     latest. Add-ons other than vpc-cni, kube-proxy, coredns, aws-ebs-csi-driver and
//     eks-pod-identity-agent. Schemas of add-on settings beyond enableNetworkPolicy and
//     that the VPC CNI's variables are texts.
//   - Names with a trailing dot, numbers of protocols and the like stay as written.
//     A name is made up where a name is missing, not from a namePrefix.
//   - A second alarm, dashboard or log policy of the same name is refused;
//     CloudWatch overwrites the first.
//   - Whether metrics exist that an alarm or a dashboard names, and whether a topic
//     or its key does: AWS does not ask either. Buckets, queues, functions and
//     delivery streams as destinations are taken as they stand.
//   - Log events. A flow log that is deleted shortly before its group really
//     brings the group back with what it had not yet written.
//   - The limit of NAT gateways is counted by subnet, not by zone.
package aws
