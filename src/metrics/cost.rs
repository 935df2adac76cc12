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

impl Cost {
    /// The sum of parts in US dollars over so many hours.
    pub fn of(items: Vec<CostItem>, hours: f64) -> Self {
        let total: f64 = items.iter().map(|item| item.total).sum();
        let per_hour = if hours > 0.0 { total / hours } else { 0.0 };
        Self { currency: "USD", per_hour, total, items }
    }
}

/// One part of the cost.
#[derive(Debug, Clone, PartialEq)]
pub struct CostItem {
    /// What is paid for.
    pub name: String,
    /// Over the run.
    pub total: f64,
}
