package azure

import (
	"fmt"
	"regexp"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
)

var identityPlace = place{
	provider: "Microsoft.ManagedIdentity", location: pinned, outputs: hasSystem,
	path: []segment{{"userAssignedIdentities", "resourceName"}},
	names: naming{
		rule: "NAM-01", code: "InvalidResourceName", min: 3, max: 128, source: sourceNames,
		pattern: regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`),
		words:   "letters, digits, _ -, beginning with a letter or digit",
	},
}

func identityKinds() []*emulator.Kind {
	return []*emulator.Kind{
		identityPlace.kind(azuretype.UserAssignedIdentity, emulator.Kind{Fill: fillIdentity}),
		{
			Type: azuretype.RoleAssignment, NewID: roleID,
			Replace: []emulator.Replace{
				{Path: "roleAssignmentName", Source: sourcePath},
				{Path: "scope", Source: sourcePath},
				{Path: "principalId", Source: sourceForceNew},
			},
			Rules: roleRules(), Fill: fillRole,
		},
	}
}

func fillIdentity(c *emulator.Call) error {
	c.Out.Set("principalId", c.Old.StrOr("principalId", c.UUIDOf("principalId")))
	c.Out.Set("clientId", c.Old.StrOr("clientId", c.UUIDOf("clientId")))
	c.Out.Set("tenantId", c.Account().AzureTenant)
	return nil
}

// roleID lies below the scope.
func roleID(c *emulator.Call) (string, error) {
	return strings.TrimSuffix(c.In.Str("scope"), "/") +
		"/providers/Microsoft.Authorization/roleAssignments/" + roleName(c), nil
}

// roleName is the GUID that the provider makes up when none is given.
func roleName(c *emulator.Call) string {
	return c.In.StrOr("roleAssignmentName", c.UUIDOf("roleAssignment"))
}

// Built-in roles that let an identity join subnets and use route tables. Source:
// azure-docs articles/role-based-access-control/built-in-roles.md.
const (
	roleOwner              = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
	roleContributor        = "b24988ac-6180-42a0-ab88-20f7382dd24c"
	roleNetworkContributor = "4d97b98b-1d4f-4787-a291-c67834d212e7"
)

var (
	guid           = regexp.MustCompile(`^(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	roleDefinition = regexp.MustCompile(
		`^(?i)/subscriptions/[0-9a-f-]{36}/providers/Microsoft\.Authorization/roleDefinitions/[0-9a-f-]{36}$`)
)

func roleRules() []emulator.Rule {
	const memory = "azure-docs role-based-access-control/role-assignments (code from memory)"
	return []emulator.Rule{
		rule("PRO-05", codeNotFound, emulator.OpCreate, "azure-docs#52229", func(c *emulator.Call) string {
			scope := c.In.Str("scope")
			if resourceAt(c, scope) != nil || inventory.SameID(scope, subscriptionID(c)) {
				return ""
			}
			return fmt.Sprintf("The Resource '%s' under resource group '%s' was not found.", lastOf(scope), groupOf(scope))
		}),
		rule("IAM-07", "InvalidRoleAssignmentId", emulator.OpCreate, memory, func(c *emulator.Call) string {
			if name := roleName(c); !guid.MatchString(name) {
				return fmt.Sprintf("The role assignment ID '%s' is not valid. The role assignment ID must be a GUID.", name)
			}
			return ""
		}),
		rule("IAM-07", "RoleAssignmentExists", emulator.OpCreate, memory, func(c *emulator.Call) string {
			for _, o := range c.Tx.All(azuretype.RoleAssignment) {
				if sameName(lastOf(o.ID), roleName(c)) {
					return fmt.Sprintf("The role assignment name %s is in use by %s.", roleName(c), o.ID)
				}
			}
			return ""
		}),
		rule("IAM-10", "InvalidRoleDefinitionId", emulator.OpWrite, "from memory", func(c *emulator.Call) string {
			if id := c.In.Str("roleDefinitionId"); !roleDefinition.MatchString(id) {
				return fmt.Sprintf("The role definition ID '%s' must begin with /subscriptions/.", id)
			}
			return ""
		}),
		rule("IAM-08", "PrincipalNotFound", emulator.OpCreate,
			"HubAndSpokeResearchEnclave#50; avdaccelerator#99", unknownPrincipal),
		rule("IAM-09", "RoleAssignmentExists", emulator.OpCreate, "ARM (from memory)", sameAssignment),
		rule("ARM-07", "RoleAssignmentUpdateNotPermitted", emulator.OpUpdate,
			"code and text as printed in public issue reports", func(c *emulator.Call) string {
				if c.Changed("roleDefinitionId") || c.Changed("principalType") {
					return "Tenant ID, application ID, principal ID, and scope are not allowed to be updated."
				}
				return ""
			}),
	}
}

// unknownPrincipal refuses an identity that was made in this world unless the
// assignment says what it is: Entra takes a while to know of it, and only with
// the type given does ARM not ask. Other principals are not modelled.
func unknownPrincipal(c *emulator.Call) string {
	principal := c.In.Str("principalId")
	if !guid.MatchString(principal) {
		return fmt.Sprintf("Principal %s is not a GUID.", principal)
	}
	if c.In.Str("principalType") == "ServicePrincipal" {
		return ""
	}
	for _, o := range c.Tx.All(azuretype.UserAssignedIdentity) {
		if o.Out.Str("principalId") == principal {
			return fmt.Sprintf("Principal %s does not exist in the directory %s. Check that you have the correct "+
				"principal ID. If you are creating this principal and then immediately assigning a role, set the "+
				"principalType to ServicePrincipal.", principal, c.Account().AzureTenant)
		}
	}
	return ""
}

func sameAssignment(c *emulator.Call) string {
	for _, o := range c.Tx.All(azuretype.RoleAssignment) {
		if o.In.Str("principalId") == c.In.Str("principalId") && inventory.SameID(o.In.Str("scope"), c.In.Str("scope")) &&
			inventory.SameID(o.In.Str("roleDefinitionId"), c.In.Str("roleDefinitionId")) {
			return fmt.Sprintf("The role assignment already exists. The ID of the conflicting role assignment is %s.",
				lastOf(o.ID))
		}
	}
	return ""
}

func fillRole(c *emulator.Call) error {
	c.Out.Del("roleAssignmentName")
	c.Out.Set("name", lastOf(identify(c)))
	c.Out.Set("type", "Microsoft.Authorization/roleAssignments")
	c.Out.Default("principalType", "User")
	for _, moment := range []string{"createdOn", "updatedOn"} {
		c.Out.Set(moment, epoch)
	}
	for _, who := range []string{"createdBy", "updatedBy"} {
		c.Out.Set(who, callerID(c))
	}
	return nil
}

// may reports whether a principal holds one of the roles at a scope or above it.
// Custom roles are not modelled.
func may(c *emulator.Call, principal, scope string, roles ...string) bool {
	for _, o := range c.Tx.All(azuretype.RoleAssignment) {
		at := o.In.Str("scope")
		if o.In.Str("principalId") != principal || !inventory.SameID(at, scope) && !inside(scope, at) {
			continue
		}
		for _, role := range roles {
			if sameName(lastOf(o.In.Str("roleDefinitionId")), role) {
				return true
			}
		}
	}
	return false
}
