-- Who of the authorities from outside is trusted, and as what: proposed by one person, who has held the fingerprint
-- against what the authority publishes, and confirmed by another. Only the confirmed ones count.
create table trust_anchor (
  certificate text not null primary key references certificate (id),
  class text not null check (class in ('official_duty', 'public', 'internal')),
  proposed_by text not null,
  proposed_at bigint not null,
  confirmed_by text,
  confirmed_at bigint,
  check ((confirmed_by is null) = (confirmed_at is null))
) strict;
-- Those that counted before wait for one more pair of eyes.
insert into trust_anchor (certificate, class, proposed_by, proposed_at)
select id, trust_class, '', added_at from certificate
 where kind = 'authority' and origin = 'imported' and state = 'valid' and issuer = subject
   and trust_class in ('official_duty', 'public', 'internal');
