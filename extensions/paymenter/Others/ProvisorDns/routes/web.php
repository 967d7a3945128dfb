<?php

declare(strict_types=1);

use App\Http\Middleware\MustVerfiyEmail;
use Illuminate\Support\Facades\Route;
use Paymenter\Extensions\Others\ProvisorDns\Livewire\ZonePage;
use Paymenter\Extensions\Others\ProvisorDns\Livewire\ZonesPage;

// As the panel's own pages for services; the class is spelled so there.
$guards = ['web', 'auth', ...(class_exists(MustVerfiyEmail::class) ? [MustVerfiyEmail::class] : [])];

Route::group(['middleware' => $guards], static function (): void {
    Route::get('/dns', ZonesPage::class)->name('provisor-dns.zones');
    Route::get('/dns/{zone}', ZonePage::class)->name('provisor-dns.zone');
});
