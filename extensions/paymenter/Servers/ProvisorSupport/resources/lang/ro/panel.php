<?php

declare(strict_types=1);

return [
    'title' => 'Suport',
    'key' => 'Cheie de suport',
    'key_help' => 'Dați-o echipei de suport, ca să știe cine sunteți.',
    'change' => 'Cheie nouă',
    'change_ask' => 'Cheia de mai sus nu mai este bună de îndată ce aveți una nouă.',
    'change_yes' => 'Vreau o cheie nouă',
    'cancel' => 'Renunță',
    'changed' => 'Aceasta este cheia dumneavoastră nouă.',
    'change_unknown' => 'Nu a venit niciun răspuns. Cheia pe care o vedeți acum este cea valabilă.',
    'suspended' => 'Abonamentul este suspendat. Cheia va fi din nou bună după plată.',
    'terminated' => 'Abonamentul s-a încheiat.',
    'not_configured' => 'Acest serviciu nu este configurat. Vă rugăm să contactați echipa de suport.',
];
