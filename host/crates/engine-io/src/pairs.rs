//! Names and their values, kept as long as a session: one text and the ends of its parts, not a `String` for each.

use std::fmt;

/// Names with values, in order.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Pairs {
    text: Box<str>,
    /// Where a name ends, then where its value ends, and so on.
    ends: Box<[u32]>,
}

impl Pairs {
    /// The pairs in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut start = 0;
        let mut part = move |end: &u32| {
            let end = usize::try_from(*end).unwrap_or(usize::MAX);
            self.text.get(std::mem::replace(&mut start, end)..end).unwrap_or_default()
        };
        self.ends.as_chunks::<2>().0.iter().map(move |[name, value]| (part(name), part(value)))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len() / 2
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes of memory that they take.
    pub fn size(&self) -> usize {
        self.text.len() + size_of_val(&*self.ends)
    }
}

/// For texts of less than 4 GiB together; the heads of requests are far smaller.
impl<N: AsRef<str>, V: AsRef<str>> FromIterator<(N, V)> for Pairs {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let (mut text, mut ends) = (String::new(), Vec::new());
        for (name, value) in pairs {
            for part in [name.as_ref(), value.as_ref()] {
                text.push_str(part);
                ends.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
            }
        }
        Self { text: text.into(), ends: ends.into() }
    }
}

impl fmt::Debug for Pairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_come_out_as_they_went_in() {
        for pairs in [&[][..], &[("", "")], &[("a", "1"), ("é", ""), ("", "€"), ("a", "2")]] {
            let kept: Pairs = pairs.iter().copied().collect();
            assert_eq!(kept.iter().collect::<Vec<_>>(), pairs);
            assert_eq!((kept.len(), kept.is_empty()), (pairs.len(), pairs.is_empty()));
            let text: usize = pairs.iter().map(|(name, value)| name.len() + value.len()).sum();
            assert_eq!(kept.size(), text + 8 * pairs.len());
        }
    }
}
