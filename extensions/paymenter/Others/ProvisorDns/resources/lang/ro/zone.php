<?php

declare(strict_types=1);

return [
    'nameservers' => 'Servere de nume:',
    'managed' => 'Aceste nume aparțin site-urilor dumneavoastră și se schimbă odată cu ele.',
    'add' => 'Adaugă o înregistrare',
    'edit' => 'Modifică înregistrarea',
    'export' => 'Exportă',
    'import' => 'Importă',
    'delete' => 'Șterge domeniul',
    'records' => 'Înregistrări',
    'no_records' => 'Nicio înregistrare încă.',
    'unverified' => 'Serverele de nume nu răspund acum. Acestea sunt înregistrările cerute.',
    'begun' => 'Se publică.',
    'done' => 'Publicat.',
    'imported' => 'Fișierul de zonă a fost preluat.',
    'deleted' => 'Domeniul se șterge.',
    'whole_number' => 'Introduceți un număr întreg.',
    'ask_record' => 'Ștergeți această înregistrare?',
    'ask_zone' => 'Ștergeți :zone cu toate înregistrările?',
    'ask_zone_help' => 'Site-urile și e-mailul acestui domeniu nu vor mai funcționa. Nu se poate anula; dacă aveți '
        . 'dubii, exportați mai întâi înregistrările.',
    'type_it' => 'Scrieți :zone pentru a confirma',
    'typed_wrong' => 'Acesta nu este numele domeniului.',
    'file_wrong' => 'Aceste linii nu pot fi preluate. Nu s-a schimbat nimic.',
];
