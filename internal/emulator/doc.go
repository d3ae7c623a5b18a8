// Package emulator is the emulated clouds' common core: one world on disk, and
// gRPC providers that the real Pulumi engine attaches to and that say no where
// the real clouds and providers say no.
//
// A [Cloud] is data: the kinds of things it knows ([Kind]), what it refuses
// ([Rule], [Ref], [Unique], [Quota]), what forces replacement ([Replace]), its
// functions. The sub-packages aws, azure, kube and tools declare clouds; types
// and properties come from the generated tables in schema. [Serve] puts clouds
// on a [World] behind gRPC; [Tunnels] works out which VPN tunnels between the
// clouds would be up, package alarms what watches over them would show and whom
// it would tell.
//
// # The moments of refusal
//
// A rule is enforced at the moment at which real life enforces it:
//
//   - Check, also in a preview: unknown types and properties, wrong types,
//     missing required ones, and rules with OpCheck, which the real provider
//     checks itself. Values that azure-native lets through although they are in
//     no enum are left to the cloud.
//   - The write: references, unique names, quotas, what is busy, rules with
//     OpCreate, OpUpdate or OpDelete. A preview does not ask the cloud, and so
//     it does not see these.
//   - After the write: rules marked Late. The object exists, the engine records
//     it as created with an error, and the next run updates it. Rules marked Held
//     are asked again for as long as other calls are at work, as providers wait.
//   - Never: what real clouds accept and what then does not work. [Tunnels],
//     package alarms and the clouds' own packages (Unlogged, Stranded) find that.
//
// # What is modelled
//
//   - Objects with inputs, outputs and what a cloud keeps to itself, in one bbolt
//     file that processes share; each write is one transaction.
//   - Ids that are the same for the same seed, URN and generation: a replacement
//     gets others.
//   - Regions: an id of one AWS region, or of one Kubernetes cluster, is not
//     found from another. Several configurations of a provider at once.
//   - Previews with unknowns for what a cloud invents, nested ones included.
//   - Diff, replacement order, automatic names and the inputs that a read
//     returns, as the Terraform bridge and azure-native work them out; see [Style].
//   - Writes that a second write at the same time is refused for (PRV-03).
//   - Accepted and ignored changes (AVC-12), values that a read never returns.
//
// # What is not modelled
//
//   - Authentication and authorization: every caller may do everything. Who the
//     caller is ([Account].CallerARN) is known, for what clouds derive from it.
//   - Several AWS accounts in one world: objects are not told apart by account.
//   - Eventual consistency, throttling, time-outs and prices. Emulated time is
//     Kind.Latency and nothing else.
//   - Terraform's own plan: optional properties that are taken back are a
//     difference here, and reordered sets are one too.
//   - Transfer of packets, their size among it (AWV-31), DNS answers, and what
//     programs in clusters do.
//   - Assets and archives, methods of resources (Call), parameterized providers.
package emulator
