//! What each role may do: sets of the scopes that API keys have, so that a page and its route ask for the same.

use crate::storage::keys::Scope;

/// What somebody is in the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Everything, staff and keys included.
    Owner,
    /// Everything but staff and keys.
    Manager,
    /// Sends goods and counts them; moves no money and sees no takings.
    Fulfilment,
    /// Sees what a manager sees, and changes nothing.
    ReadOnly,
}

impl Role {
    pub const ALL: [Role; 4] = [Role::Owner, Role::Manager, Role::Fulfilment, Role::ReadOnly];

    pub fn as_str(self) -> &'static str {
        match self {
            Role::Owner => "owner",
            Role::Manager => "manager",
            Role::Fulfilment => "fulfilment",
            Role::ReadOnly => "read_only",
        }
    }

    pub fn parse(text: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.as_str() == text)
    }

    pub fn allows(self, scope: Scope) -> bool {
        match self {
            Role::Owner => true,
            Role::Manager => scope != Scope::Admin,
            Role::Fulfilment => matches!(
                scope,
                Scope::ProductsRead | Scope::StockRead | Scope::StockWrite | Scope::OrdersRead | Scope::OrdersWrite
            ),
            Role::ReadOnly => scope.as_str().ends_with(":read"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_this_and_no_more() {
        let table: Vec<String> = Scope::ALL
            .iter()
            .map(|scope| {
                let allowed = Role::ALL.iter().map(|role| if role.allows(*scope) { 'x' } else { '-' });
                format!("{} {}", allowed.collect::<String>(), scope.as_str())
            })
            .collect();
        // Owner, manager, fulfilment, read-only.
        let expected = [
            "xxxx products:read",
            "xx-- products:write",
            "xxxx stock:read",
            "xxx- stock:write",
            "xxxx orders:read",
            "xxx- orders:write",
            "xx-- refunds:write",
            "xx-x coupons:read",
            "xx-- coupons:write",
            "xx-x payments:read",
            "xx-- payments:write",
            "xx-x customers:read",
            "xx-- customers:write",
            "xx-x settings:read",
            "xx-- settings:write",
            "x--- admin",
        ];
        assert_eq!(table, expected);
    }
}
