//! Where states and arrows stand: in layers from left to right, as Sugiyama, Tagawa and Toda draw hierarchies ("Methods
//! for Visual Understanding of Hierarchical System Structures", 1981), in the plainest form of each step.

use std::collections::BTreeMap;

use idem_core::machine::Graph;

pub(super) const BOX_HEIGHT: f64 = 40.0;
const ROW: f64 = 84.0;
const CHARACTER: f64 = 7.6;
const MARGIN: f64 = 40.0;

pub(super) struct Picture {
    pub(super) width: f64,
    pub(super) height: f64,
    /// In the order of the graph.
    pub(super) states: Vec<Place>,
    pub(super) arrows: Vec<Arrow>,
}

/// The middle of a box, and its width.
#[derive(Clone, Copy, Default)]
pub(super) struct Place {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
}

pub(super) struct Arrow {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) label: String,
    /// Where it passes the layers between its ends.
    pub(super) via: Vec<(f64, f64)>,
}

/// What stands in a layer: a state, or an arrow on its way through.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    State(usize),
    Passing { arrow: usize, layer: usize },
}

pub(super) fn layout(graph: &Graph) -> Picture {
    let mut arrows = arrows(graph);
    let layer_of = layers(graph, &arrows);
    let chains: Vec<Vec<Item>> = (0..).zip(&arrows).map(|(at, arrow)| chain(at, arrow, &layer_of)).collect();
    let many = layer_of.iter().max().map_or(0, |last| last + 1);
    let mut layers: Vec<Vec<Item>> = vec![Vec::new(); many];
    for (state, layer) in layer_of.iter().enumerate() {
        layers[*layer].push(Item::State(state));
    }
    for item in chains.iter().flatten() {
        if let Item::Passing { layer, .. } = item {
            layers[*layer].push(*item);
        }
    }
    let links: Vec<(Item, Item)> = chains.iter().flat_map(|chain| chain.windows(2).map(|w| (w[0], w[1]))).collect();
    let rows = rows(&mut layers, &links);
    let columns = columns(graph, &layers, &arrows, &layer_of);
    let place = |item: Item, layer: usize| (columns[layer].0, rows.get(&item).copied().unwrap_or_default());
    for (arrow, chain) in arrows.iter_mut().zip(&chains) {
        let passing = chain.iter().filter_map(|item| match item {
            Item::Passing { layer, .. } => Some(place(*item, *layer)),
            Item::State(_) => None,
        });
        arrow.via = passing.collect();
        if layer_of[arrow.from] > layer_of[arrow.to] {
            arrow.via.reverse();
        }
    }
    let states = layer_of.iter().enumerate().map(|(state, layer)| {
        let (x, y) = place(Item::State(state), *layer);
        Place { x, y, width: width(graph.states[state].ident) }
    });
    let (states, bottom) = (states.collect(), rows.values().copied().fold(0.0, f64::max));
    let width = columns.last().map_or(0.0, |(x, half)| x + half + MARGIN);
    Picture { width, height: bottom + ROW / 2.0 + MARGIN / 2.0, states, arrows }
}

/// One arrow for all commands between the same two states.
fn arrows(graph: &Graph) -> Vec<Arrow> {
    let mut labels: BTreeMap<(usize, usize), Vec<&str>> = BTreeMap::new();
    for edge in graph.edges {
        for to in edge.to {
            labels.entry((edge.from, *to)).or_default().push(graph.commands[edge.command].ident);
        }
    }
    let arrow = |((from, to), labels): (_, Vec<&str>)| Arrow { from, to, label: labels.join(", "), via: Vec::new() };
    labels.into_iter().map(arrow).collect()
}

/// The layer of each state: as far from the initial state as the longest way that does not turn back.
fn layers(graph: &Graph, arrows: &[Arrow]) -> Vec<usize> {
    let states = graph.states.len();
    let mut distance: Vec<Option<usize>> = vec![None; states];
    let mut queue = std::collections::VecDeque::from([graph.initial]);
    distance[graph.initial] = Some(0);
    while let Some(from) = queue.pop_front() {
        for to in arrows.iter().filter(|arrow| arrow.from == from).map(|arrow| arrow.to) {
            if distance[to].is_none() {
                distance[to] = distance[from].map(|steps| steps + 1);
                queue.push_back(to);
            }
        }
    }
    let reached = |state: usize| distance[state].unwrap_or(0);
    let onward = |arrow: &&Arrow| (reached(arrow.from), arrow.from) < (reached(arrow.to), arrow.to);
    let mut layer_of = vec![0; states];
    for _ in 0..states {
        for arrow in arrows.iter().filter(onward) {
            layer_of[arrow.to] = layer_of[arrow.to].max(layer_of[arrow.from] + 1);
        }
    }
    layer_of
}

/// An arrow's ends and what it passes between, from the left to the right.
fn chain(at: usize, arrow: &Arrow, layer_of: &[usize]) -> Vec<Item> {
    let (left, right) =
        if layer_of[arrow.from] <= layer_of[arrow.to] { (arrow.from, arrow.to) } else { (arrow.to, arrow.from) };
    let passing = (layer_of[left] + 1..layer_of[right]).map(|layer| Item::Passing { arrow: at, layer });
    std::iter::once(Item::State(left)).chain(passing).chain([Item::State(right)]).collect()
}

/// Orders each layer by the middle of its neighbours, back and forth, and spreads it around them.
fn rows(layers: &mut [Vec<Item>], links: &[(Item, Item)]) -> BTreeMap<Item, f64> {
    let mut rows: BTreeMap<Item, f64> = BTreeMap::new();
    for layer in layers.iter() {
        rows.extend(layer.iter().enumerate().map(|(at, item)| (*item, px(at) * ROW)));
    }
    for sweep in 0..8 {
        let forth = sweep % 2 == 0;
        for at in 0..layers.len() {
            let layer = &mut layers[if forth { at } else { layers.len() - 1 - at }];
            let mut wanted: Vec<(f64, Item)> = layer
                .iter()
                .map(|item| {
                    let near = links.iter().filter_map(|(left, right)| {
                        let (near, own) = if forth { (left, right) } else { (right, left) };
                        (own == item && near != item).then_some(near)
                    });
                    let near: Vec<f64> = near.filter_map(|item| rows.get(item)).copied().collect();
                    let own = rows.get(item).copied().unwrap_or_default();
                    (if near.is_empty() { own } else { near.iter().sum::<f64>() / px(near.len()) }, *item)
                })
                .collect();
            wanted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let middle = wanted.iter().map(|(row, _)| row).sum::<f64>() / px(wanted.len().max(1));
            let top = middle - px(wanted.len().saturating_sub(1)) * ROW / 2.0;
            *layer = wanted.iter().map(|(_, item)| *item).collect();
            rows.extend(layer.iter().enumerate().map(|(at, item)| (*item, top + px(at) * ROW)));
        }
    }
    let top = rows.values().copied().fold(f64::INFINITY, f64::min);
    for row in rows.values_mut() {
        *row += MARGIN + ROW / 2.0 - top;
    }
    rows
}

/// The middle and half the width of each layer; between two layers the longest label has room.
fn columns(graph: &Graph, layers: &[Vec<Item>], arrows: &[Arrow], layer_of: &[usize]) -> Vec<(f64, f64)> {
    let mut columns: Vec<(f64, f64)> = Vec::with_capacity(layers.len());
    let mut left = MARGIN + 40.0;
    for (at, layer) in layers.iter().enumerate() {
        let half = layer.iter().map(|item| match item {
            Item::State(state) => width(graph.states[*state].ident) / 2.0,
            Item::Passing { arrow, .. } => px(arrows[*arrow].label.len()) * CHARACTER / 2.0,
        });
        let half = half.fold(0.0, f64::max);
        columns.push((left + half, half));
        let leaving = arrows.iter().filter(|arrow| layer_of[arrow.from].min(layer_of[arrow.to]) == at);
        let label = leaving.map(|arrow| px(arrow.label.len()) * CHARACTER).fold(0.0, f64::max);
        left += half * 2.0 + label + 56.0;
    }
    columns
}

fn width(label: &str) -> f64 {
    px(label.len()) * CHARACTER + 36.0
}

fn px(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::from(u32::MAX), f64::from)
}
