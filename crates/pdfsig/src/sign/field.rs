//! The field a signature goes into: one that the file has, or a new one on a page.

use super::{CannotSign, Plan};
use crate::append::Update;
use crate::file::View;
use crate::form::{Lock, Permission, fields, page, restrictions, text_object};
use crate::object::{Dict, Id, Object};

/// Where the signature goes.
#[derive(Debug)]
pub(super) struct Chosen {
    catalog: Id,
    place: Place,
    /// What the field itself says is to be locked.
    lock: Option<Lock>,
}

#[derive(Debug)]
enum Place {
    /// A field that is there, and its widget, which may be the same object.
    Known { field: Id, widget: Id },
    /// A new one, on this page.
    New { page: Id },
}

/// Finds the plan's field, or the place for a new one, and whether earlier signatures allow it.
pub(super) fn choose(view: View<'_, '_>, plan: &Plan<'_>, is_stamp: bool) -> Result<Chosen, CannotSign> {
    let catalog = view.trailer().get("Root").reference().ok_or(CannotSign::Incomplete)?;
    let all = fields(view)?;
    let mut is_signed = false;
    for field in all.iter().filter(|field| field.is_signature && *field.dict.get("V") != Object::Null) {
        is_signed = true;
        let (permission, lock) = restrictions(view, &view.dict(field.dict.get("V"))?)?;
        // A time-stamp over the document is always allowed (12.8.2.2.2, table 257).
        if permission == Some(Permission::Nothing) && !is_stamp {
            return Err(CannotSign::Certified);
        }
        if lock.is_some_and(|lock| lock.holds(&plan.field)) && !is_stamp {
            return Err(CannotSign::FieldLocked);
        }
    }
    if plan.certify.is_some() && is_signed {
        return Err(CannotSign::AlreadySigned);
    }
    if let Some(known) = all.iter().find(|field| field.name == plan.field && !field.is_widget_only) {
        let is_empty = known.is_signature && *known.dict.get("V") == Object::Null;
        let (true, Some(field)) = (is_empty, known.id) else { return Err(CannotSign::FieldTaken) };
        let kid = known.kids.first().and_then(Object::reference);
        let lock = view.dict(known.dict.get("Lock"))?;
        let lock = Lock::read(view, &lock)?;
        return Ok(Chosen { catalog, place: Place::Known { field, widget: kid.unwrap_or(field) }, lock });
    }
    if plan.field.is_empty() || plan.field.contains('.') {
        return Err(CannotSign::FieldName);
    }
    let index = plan.appearance.map_or(0, |appearance| appearance.page);
    let missing = if index == 0 { CannotSign::Incomplete } else { CannotSign::NoPage };
    let page = page(view, index)?.ok_or(missing)?;
    Ok(Chosen { catalog, place: Place::New { page: page.id }, lock: None })
}

impl Chosen {
    /// The signature references (12.8.1, table 256) for what the plan and the field restrict.
    pub fn references(&self, plan: &Plan<'_>) -> Vec<Object> {
        let reference = |method: &str, parameters: Dict| {
            Object::Dict(Dict::of([
                ("Type", Object::name("SigRef")),
                ("TransformMethod", Object::name(method)),
                ("TransformParams", Object::Dict(parameters)),
            ]))
        };
        let parameters = || Dict::of([("Type", Object::name("TransformParams")), ("V", Object::name("1.2"))]);
        let mut references = vec![];
        if let Some(permission) = plan.certify {
            let mut parameters = parameters();
            parameters.set("P", Object::Int(permission as i64));
            references.push(reference("DocMDP", parameters));
        }
        if let Some(lock) = plan.lock.as_ref().or(self.lock.as_ref()) {
            let mut parameters = parameters();
            lock.write(&mut parameters);
            references.push(reference("FieldMDP", parameters));
        }
        references
    }

    /// Writes the field, its widget, and what leads to them.
    pub fn write(
        &self,
        update: &mut Update<'_, '_>,
        plan: &Plan<'_>,
        signature: Id,
    ) -> Result<(), CannotSign> {
        let barred = CannotSign::Incomplete;
        let value = Object::Reference(signature);
        match self.place {
            Place::Known { field, widget } => {
                update.change(field, &["V"], |place| *place = value)?.ok_or(barred.clone())?;
                if let Some(appearance) = plan.appearance {
                    let looks = appearance.write(update);
                    update
                        .change(widget, &[], |object| {
                            let Object::Dict(dict) = object else { return };
                            looks.iter().for_each(|(key, value)| dict.set(key, value.clone()));
                            dict.set("F", Object::Int(PRINTED_AND_LOCKED));
                        })?
                        .ok_or(barred.clone())?;
                }
            }
            Place::New { page } => {
                let field = self.new_field(update, plan, value, page);
                let push = |list: &mut Object| match list {
                    Object::Array(members) => members.push(Object::Reference(field)),
                    other => *other = Object::Array(vec![Object::Reference(field)]),
                };
                update.change(page, &["Annots"], push)?.ok_or(barred.clone())?;
                update.change(self.catalog, &["AcroForm", "Fields"], push)?.ok_or(barred.clone())?;
            }
        }
        // Signatures exist, and the file is only to be appended to (12.7.3, table 225).
        let flags = |place: &mut Object| *place = Object::Int(place.int().unwrap_or(0) | 3);
        update.change(self.catalog, &["AcroForm", "SigFlags"], flags)?.ok_or(barred.clone())?;
        if plan.certify.is_some() {
            let certified = |place: &mut Object| *place = Object::Reference(signature);
            update.change(self.catalog, &["Perms", "DocMDP"], certified)?.ok_or(barred)?;
        }
        Ok(())
    }

    fn new_field(&self, update: &mut Update<'_, '_>, plan: &Plan<'_>, value: Object, page: Id) -> Id {
        let mut widget = Dict::of([
            ("Type", Object::name("Annot")),
            ("Subtype", Object::name("Widget")),
            ("FT", Object::name("Sig")),
            ("T", text_object(&plan.field)),
            ("V", value),
            ("P", Object::Reference(page)),
            ("F", Object::Int(PRINTED_AND_LOCKED)),
            ("Rect", Object::Array(vec![Object::Int(0); 4])),
        ]);
        if let Some(appearance) = plan.appearance {
            for (key, value) in appearance.write(update) {
                widget.set(key, value);
            }
        }
        update.add(&Object::Dict(widget))
    }
}

/// An annotation's flags (12.5.3): printed, and not to be moved.
const PRINTED_AND_LOCKED: i64 = 4 | 128;
