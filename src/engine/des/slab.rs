//! Things with a place that is used again.

/// A vector whose places are reused, last freed first, so that nothing is allocated once the
/// largest number of things at a time has been reached.
#[derive(Debug, Clone)]
pub(super) struct Slab<T> {
    places: Vec<T>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }
}

impl<T: Default> Slab<T> {
    /// A place; its content is what its last user left.
    pub(super) fn take(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.places.push(T::default());
            self.places.len() as u32 - 1
        })
    }
    /// Gives a place back.
    pub(super) fn give(&mut self, place: u32) {
        self.free.push(place);
    }
    /// All places, used or not.
    pub(super) fn places(&self) -> impl Iterator<Item = (u32, &T)> {
        (0..).zip(&self.places)
    }
    /// All places, used or not, to change them.
    pub(super) fn places_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.places.iter_mut()
    }
    /// Things in use.
    pub(super) fn used(&self) -> usize {
        self.places.len() - self.free.len()
    }
}

impl<T> std::ops::Index<u32> for Slab<T> {
    type Output = T;
    fn index(&self, place: u32) -> &T {
        &self.places[place as usize]
    }
}

impl<T> std::ops::IndexMut<u32> for Slab<T> {
    fn index_mut(&mut self, place: u32) -> &mut T {
        &mut self.places[place as usize]
    }
}
