-- What each form is called under each legal frame, by day. The titles of 2025 are known from secondary texts
-- only; a symbol is empty where no source names one. law: onestop/forms
create table paper_form (
    kind text not null,                     -- receipt, supplement, refusal, apology, stop, control, register
    frame text not null check (frame in ('2018', '2025')),
    number text not null,
    title text not null,
    symbol text not null,                   -- behind the number of a single paper
    valid_from text not null,
    valid_to text,
    source text not null,
    primary key (kind, frame, valid_from)
) strict;

insert into paper_form (kind, frame, number, title, symbol, valid_from, source) values
    ('receipt', '2018', '01', 'Giấy tiếp nhận hồ sơ và hẹn trả kết quả', 'TNHS', '2018-01-01', 'onestop/form-01'),
    ('receipt', '2025', '01', 'Giấy tiếp nhận hồ sơ và hẹn trả kết quả', 'TNHS', '2025-07-01', 'onestop/form-01'),
    ('supplement', '2018', '02', 'Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ', 'HDHS', '2018-01-01', 'onestop/form-02'),
    ('supplement', '2025', '02', 'Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ', 'HDHS', '2025-07-01', 'onestop/form-02'),
    ('refusal', '2018', '03', 'Phiếu từ chối tiếp nhận giải quyết hồ sơ', '', '2018-01-01', 'onestop/form-03'),
    ('refusal', '2025', '03', 'Phiếu từ chối tiếp nhận giải quyết hồ sơ', '', '2025-07-01', 'onestop/form-03'),
    ('apology', '2018', '04', 'Phiếu xin lỗi và hẹn lại ngày trả kết quả', 'PXL', '2018-01-01', 'onestop/form-04'),
    ('apology', '2025', '04', 'Văn bản xin lỗi và đề nghị gia hạn', 'PXL', '2025-07-01', 'onestop/form-04'),
    ('stop', '2025', '05', 'Thông báo dừng giải quyết hồ sơ', '', '2025-07-01', 'onestop/form-05'),
    ('control', '2018', '05', 'Phiếu kiểm soát quá trình giải quyết hồ sơ', '', '2018-01-01', 'onestop/form-06'),
    ('control', '2025', '06', 'Phiếu kiểm soát quá trình giải quyết hồ sơ', '', '2025-07-01', 'onestop/form-06'),
    ('register', '2018', '06', 'Sổ theo dõi hồ sơ', '', '2018-01-01', 'onestop/form-07'),
    ('register', '2025', '07', 'Sổ theo dõi hồ sơ', '', '2025-07-01', 'onestop/form-07');

-- The numbers of the forms that are issued about a dossier; their width is ours to choose.
insert into number_scheme (id, pattern, width, width_max, resets, source) values
    ('form-supplement', '{n}', 2, 6, 'year', 'onestop/form-02'),
    ('form-refusal', '{n}', 2, 6, 'year', 'onestop/form-03'),
    ('form-apology', '{n}', 2, 6, 'year', 'onestop/form-04'),
    ('form-stop', '{n}', 2, 6, 'year', 'onestop/form-05');

-- That a counter was told to hand on what it has accepted, so that it is told once.
create table hand_on_alert (
    dossier text not null references dossier (id),
    hand_on_by bigint not null,
    told_at bigint not null,
    primary key (dossier, hand_on_by)
) strict;

-- Warnings came when the last moment for an apology, a day before the promise, was over. law: onestop/late
update parameter set value = '16,8,4,1' where id = 'notice-warn-hours' and value = '4,1';

-- The month in which a dossier first missed a short limit (answer, hand-on, request for papers, apology), and
-- whose it was. law: onestop/reception-answer, onestop/transfer, onestop/return-within, onestop/late
alter table measure add column short bigint;
create table measure_short (
    dossier text not null references dossier (id),
    account text not null,
    missed text not null check (missed in ('answer', 'hand_on', 'ask', 'apology')),
    times bigint not null,
    primary key (dossier, account, missed)
) strict;
create index measure_short_month on measure (agency, short) where short is not null;
