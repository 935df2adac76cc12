//! Figures: what is drawn, and that it fits.
