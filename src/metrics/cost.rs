//! What a run costs.

/// What the run cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Cost {
    /// ISO 4217 code.
    pub currency: &'static str,
    /// Mean per hour.
    pub per_hour: f64,
    /// Over the run.
    pub total: f64,
    /// Its parts.
    pub items: Vec<CostItem>,
}

/// One part of the cost.
#[derive(Debug, Clone, PartialEq)]
pub struct CostItem {
    /// What is paid for.
    pub name: String,
    /// Over the run.
    pub total: f64,
}
