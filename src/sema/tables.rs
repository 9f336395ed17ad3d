//! Tables, their columns, and splits of their rows.

use super::Sema;
use super::literals::integer;
use super::names::Entity;
use crate::base::Name;
use crate::diag::closest;
use crate::diag::codes::kind::KindError;
use crate::diag::codes::name::NameError;
use crate::diag::codes::shape::ShapeError;
use crate::ir::model::{Column, ElemType, Param, ParamSource, Role, Set, SetKind, Split, Table};
use crate::ir::{ParamId, TableId};
use crate::syntax;
use crate::syntax::ast::{ExprId, Ident, Text};

/// How far the shares of a split may exceed 1 by rounding.
const SHARE_SLACK: f64 = 1e-9;

impl Sema<'_> {
    /// `table NAME from "file" key (a, b)`.
    pub(super) fn table_statement(&mut self, name: &Ident, path: &Text, key: &[Ident]) {
        let at = self.stmt.span(name.at);
        let id = self.model.tables.next_id();
        let schema = self.inputs.schemas.get(&name.name);
        let columns: Vec<Column> = schema
            .into_iter()
            .flatten()
            .map(|c| Column { name: c.name.clone(), numeric: c.numeric, word: c.word, param: None })
            .collect();
        if schema.is_none() {
            self.unread_tables.insert(id);
        }
        let elem = vec![ElemType::Row(id)];
        let rows = self.model.sets.push(Set {
            name: Some(name.name.clone()),
            at,
            elem,
            parent: None,
            kind: SetKind::Rows(id),
        });
        self.model.tables.push(Table {
            name: name.name.clone(),
            at,
            path: path.text.clone(),
            path_at: self.stmt.span(path.at),
            key: Vec::new(),
            rows,
            columns,
        });
        for ident in key {
            if let Some(column) = self.find_column(id, ident) {
                self.model.tables[id].key.push(column);
            }
        }
        self.becomes(Entity::Set(rows));
    }

    /// The place of a column; reported and nothing when the table has none of that name.
    fn find_column(&mut self, table: TableId, field: &Ident) -> Option<usize> {
        let columns = &self.model.tables[table].columns;
        let found = columns.iter().position(|c| c.name == field.name);
        if found.is_none() && !self.unread_tables.contains(&table) {
            let this = &self.model.tables[table];
            let suggestion = closest(&field.name, columns.iter().map(|c| &*c.name)).map(Name::from);
            self.reports.push(NameError::UnknownColumn {
                at: self.stmt.span(field.at),
                name: field.name.clone(),
                table: this.name.clone(),
                table_at: this.at,
                columns: columns.iter().map(|c| c.name.clone()).collect(),
                suggestion,
            });
        }
        found
    }

    /// The param that reads a column; reported and nothing when there is no such column.
    pub(super) fn column_of(&mut self, table: TableId, field: &Ident) -> Option<ParamId> {
        let column = self.find_column(table, field)?;
        Some(self.column_param(table, column))
    }

    /// The param that reads a column, made when it is first used.
    pub(super) fn column_param(&mut self, table: TableId, column: usize) -> ParamId {
        let this = &self.model.tables[table];
        let own = &this.columns[column].name;
        let own = if syntax::is_name(own) { own.to_string() } else { format!("\"{own}\"") };
        let (name, at, rows) = (format!("{}.{own}", this.name), this.at, this.rows);
        if let Some(known) = this.columns[column].param {
            return known;
        }
        let param = self.model.params.push(Param {
            name: name.into(),
            at,
            axes: vec![rows],
            labels: !this.columns[column].numeric,
            role: Role::Numeric,
            source: ParamSource::Column { table, column },
        });
        self.model.tables[table].columns[column].param = Some(param);
        param
    }

    /// `split TABLE into A 0.8, B 0.2 seed 7`.
    pub(super) fn split_statement(&mut self, table: &Ident, parts: &[(Ident, ExprId)], seed: Option<ExprId>) {
        let table_at = self.stmt.span(table.at);
        let rows = match self.entity(&table.name) {
            Some(Entity::Set(set)) if matches!(self.model.sets[set].kind, SetKind::Rows(_)) => Some(set),
            Some(Entity::Error) => None,
            Some(_) => {
                let declared_at = self.names.get(&table.name).map(|d| d.at);
                let found = format!("`{}`", table.name);
                self.reports.push(ShapeError::NotATable { at: table_at, found, declared_at });
                None
            }
            None => {
                self.unknown_name(&table.name, table_at, None);
                None
            }
        };
        let shares: Vec<Option<f64>> = parts.iter().map(|(_, share)| self.literal_number(*share, "a share")).collect();
        let seed = seed.map_or(Some(0), |seed| self.literal_seed(seed));
        let (Some(rows), Some(shares), Some(seed)) = (rows, shares.into_iter().collect::<Option<Vec<_>>>(), seed)
        else {
            return;
        };
        let total: f64 = shares.iter().sum();
        if total > 1.0 + SHARE_SLACK || shares.iter().any(|s| !(0.0..=1.0).contains(s)) {
            let spans = parts.iter().map(|(_, share)| self.stmt.expr_span(*share));
            let at = spans.reduce(crate::base::Span::to).unwrap_or(table_at);
            self.reports.push(KindError::SplitShares { at, total });
            return;
        }
        self.make_split(rows, parts, &shares, seed);
    }

    fn make_split(&mut self, rows: crate::ir::SetId, parts: &[(Ident, ExprId)], shares: &[f64], seed: u64) {
        let Some(table) = self.table_of(rows) else { return };
        let split = self.model.splits.len();
        let ids: Vec<_> = self.names.of_stmt(self.stmt_index).collect();
        let mut made = Vec::with_capacity(parts.len());
        for (part, ((ident, _), share)) in parts.iter().zip(shares).enumerate() {
            let set = self.model.sets.push(Set {
                name: Some(ident.name.clone()),
                at: self.stmt.span(ident.at),
                elem: vec![ElemType::Row(table)],
                parent: Some(rows),
                kind: SetKind::SplitPart { split, part },
            });
            self.names.decls[ids[part]].entity = Entity::Set(set);
            made.push((ident.name.clone(), *share, set));
        }
        self.model.splits.push(Split { at: self.stmt.span(self.stmt.at), table, parts: made, seed });
    }

    fn literal_seed(&mut self, id: ExprId) -> Option<u64> {
        let value = self.literal_number(id, "a seed")?;
        let seed = integer(value).and_then(|v| u64::try_from(v).ok());
        if seed.is_none() {
            let at = self.stmt.expr_span(id);
            self.reports.push(KindError::NotAnInteger { at, what: "a seed (from 0 up)".into() });
        }
        seed
    }

    /// A number that the text alone gives; reported and nothing otherwise.
    pub(super) fn literal_number(&mut self, id: ExprId, what: &'static str) -> Option<f64> {
        let node = self.data(id, what)?;
        let value = self.model.graph.as_num(node);
        if value.is_none() {
            let at = self.stmt.expr_span(id);
            self.reports.push(KindError::NotLiteral { at, what });
        }
        value
    }
}
