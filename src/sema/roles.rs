//! Which params shape the compiled model: those behind set sizes, filters, subscripts and exponents.

use super::Sema;
use crate::base::Id;
use crate::func;
use crate::ir::model::{Over, ParamSource, Role, SetKind};
use crate::ir::{Node, NodeId, ParamId};

impl Sema<'_> {
    /// Marks every param that a structural place depends on, however indirectly.
    pub(super) fn set_roles(&mut self) {
        let mut todo = self.structural_roots();
        let mut seen = vec![false; self.model.graph.len()];
        while let Some(id) = todo.pop() {
            if std::mem::replace(&mut seen[id.index()], true) {
                continue;
            }
            let node = self.model.graph.node(id).clone();
            node.for_each_child(|child| todo.push(child));
            if let Node::Param { param, .. } = node {
                self.make_structural(param, &mut todo);
            }
        }
    }

    fn make_structural(&mut self, param: ParamId, todo: &mut Vec<NodeId>) {
        let this = &mut self.model.params[param];
        if std::mem::replace(&mut this.role, Role::Structural) == Role::Structural {
            return;
        }
        match &this.source {
            ParamSource::Computed { body, .. } => todo.push(*body),
            ParamSource::Map(entries) => todo.extend(entries.iter().map(|(_, node, _)| *node)),
            ParamSource::List(nodes) => todo.extend(nodes),
            ParamSource::File { .. } | ParamSource::Column { .. } | ParamSource::Missing => {}
        }
    }

    /// Nodes whose value shapes the model.
    fn structural_roots(&mut self) -> Vec<NodeId> {
        let mut roots = Vec::new();
        let mut params = Vec::new();
        for set in self.model.sets.iter() {
            match set.kind {
                SetKind::Range { lo, hi } => roots.extend([lo, hi]),
                SetKind::Distinct(param) => params.push(param),
                _ => {}
            }
        }
        roots.extend(self.model.domains.iter().filter_map(|d| d.filter));
        for binder in self.model.binders.iter() {
            if let Over::Range { lo, hi } = binder.over {
                roots.extend([lo, hi]);
            }
        }
        for table in self.model.tables.iter() {
            params.extend(table.key.iter().filter_map(|column| table.columns[*column].param));
        }
        let pow = func::lookup("pow");
        for id in (0..self.model.graph.len()).map(NodeId::new) {
            match self.model.graph.node(id) {
                Node::Param { subs, .. }
                | Node::Var { subs, .. }
                | Node::Array { subs, .. }
                | Node::Member { subs, .. }
                | Node::Dual { subs, .. }
                | Node::Slack { subs, .. } => roots.extend(subs.iter().copied()),
                Node::Call { func, args } if Some(*func) == pow => roots.extend(args.get(1)),
                _ => {}
            }
        }
        for param in params {
            self.make_structural(param, &mut roots);
        }
        roots
    }
}
