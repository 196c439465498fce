//! `stockhold audit`: every promise checked over the live database, on either engine.

use rules::audit::{Finding, check_stock};

use crate::storage::{Result, Storage, snapshot};

/// Every promise that does not hold; empty when all is well.
pub async fn run(storage: &Storage) -> Result<Vec<Finding>> {
    let mut findings = check_stock(&snapshot::stock_accounts(storage).await?);
    let wrongs = snapshot::wrongs(storage).await?;
    findings.extend(wrongs.into_iter().map(|(promise, subject, detail)| Finding { promise, subject, detail }));
    Ok(findings)
}
